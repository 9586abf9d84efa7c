"""Server-sent events, as the examples and the rules of the standard have them."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from app.llm import sse
from app.llm.conversation import ModelFailed
from app.llm.sse import ServerSentEvent, events


async def read(*chunks: bytes) -> list[ServerSentEvent]:
    async def sent() -> AsyncGenerator[bytes]:
        for chunk in chunks:
            yield chunk

    return [event async for event in events(sent())]


def said(*data: str) -> list[ServerSentEvent]:
    return [ServerSentEvent(text) for text in data]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", said("YHOO\n+2\n10")),
        (b": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
         said("first", "second", " third")),
        (b"data\n\ndata\ndata\n\ndata:", said("", "\n")),
        (b"data:test\n\ndata: test\n\n", said("test", "test")),
        (b"event: add\ndata: 73\n\ndata: 1\n\n", [ServerSentEvent("73", "add"), *said("1")]),
        (b"event: lost\n\ndata: 1\n\n", said("1")),
        (b"\xef\xbb\xbfdata: after the mark\n\n", said("after the mark")),
        (b"data: caf\xc3\xa9 \xff\n\n", said("café �")),
        (b"data: {\"a\": \"b: c\"}\nretry: 5\nnonsense: 1\n\n", said('{"a": "b: c"}')),
        (b"data: never ended\n", []),
        (b"", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
async def test_it_is_read_alike_however_it_is_cut_and_lines_end(
    stream: bytes, expected: Sequence[ServerSentEvent], ending: bytes, size: int
) -> None:
    stream = stream.replace(b"\n", ending)
    chunks = [stream[begin : begin + size] for begin in range(0, len(stream), size)]
    assert await read(*chunks) == expected


async def test_an_event_is_told_as_soon_as_it_is_whole() -> None:
    async def sent() -> AsyncGenerator[bytes]:
        yield b"data: 1\r\n\r"
        raise AssertionError("read on")

    assert await anext(events(sent())) == ServerSentEvent("1")


@pytest.mark.parametrize("line", [b"data: " + b"x" * 90, b"data:x\n" * 60])
async def test_one_without_an_end_is_not_held(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_BYTES", 100)
    assert await read(line + b"\n\n" if line.endswith(b"x") else b"data:x\n\n" * 90)
    with pytest.raises(ModelFailed, match="longer than 100 bytes"):
        await read(*[line] * 2)
