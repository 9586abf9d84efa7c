"""A server that tells a scripted answer of so many tokens at once, in the form of two vendors."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

TOKENS = 400
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"


@asynccontextmanager
async def scripted_server() -> AsyncGenerator[str]:
    """Its base URL."""
    answers = {b"messages": b"".join(_of_anthropic()), b"completions": b"".join(_of_openai())}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_body = b"content-length: "
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(with_body)[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                path = head.split(b" ", 2)[1].partition(b"?")[0]
                answer = answers[path.rpartition(b"/")[2]]
                writer.write(_HEAD % len(answer) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()  # Python 3.11 reports a cancelled handler as a failure

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _of_anthropic() -> Iterator[bytes]:
    usage = {"input_tokens": 20, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield _event({"type": "message_start", "message": message})
    block = {"type": "text", "text": ""}
    yield _event({"type": "content_block_start", "index": 0, "content_block": block})
    delta = {"type": "text_delta", "text": " word"}
    for _ in range(TOKENS):
        yield _event({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _event({"type": "content_block_stop", "index": 0})
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": TOKENS}})
    yield _event({"type": "message_stop"})


def _of_openai() -> Iterator[bytes]:
    def chunk(delta: dict[str, Any], reason: str | None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        same = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return _event({**same, "choices": [choice], **more})

    for _ in range(TOKENS):
        yield chunk({"content": " word"}, None)
    usage = {"prompt_tokens": 20, "completion_tokens": TOKENS, "total_tokens": TOKENS + 20}
    yield chunk({}, "stop", usage=usage)
    yield b"data: [DONE]\n\n"


def _event(told: dict[str, Any]) -> bytes:
    name = f"event: {told['type']}\n".encode() if "type" in told else b""
    return name + b"data: " + msgspec.json.encode(told) + b"\n\n"
