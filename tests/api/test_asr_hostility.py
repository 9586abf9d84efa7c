"""Forms that are no forms: whatever is sent to be heard, the answer names what is wrong with it."""

import httpx
import pytest

from tests.api.recordings import SHORT

FIELD = b'Content-Disposition: form-data; name="%s"\r\n'
TEXT = b"Content-Type: text/plain; charset=%s\r\n"


async def sent(asr: httpx.AsyncClient, *parts: bytes) -> httpx.Response:
    """Parts as they are, beside a recording."""
    sound = FIELD[:-2] % b"file" + b'; filename="a.ogg"\r\n\r\n' + SHORT.read_bytes()
    body = b"".join(b"--B\r\n" + part + b"\r\n" for part in (*parts, sound)) + b"--B--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return await asr.post("/transcribe/clean", content=body, headers=headers)


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        (b"utf-8", b"\xff\xfe"),
        (b"us-ascii", "é".encode()),
        (b"no-such", b"x"),
        (b'"a\0b"', b"x"),
        (b"undefined", b"x"),
        (b"zip", b"x"),
        (b"punycode", b"9" * 60_000),
        (b"unicode_escape", b"\\ud800"),
    ],
)
@pytest.mark.parametrize("later", [b"false", b"true"])
async def test_text_that_cannot_be_read_is_named(
    asr: httpx.AsyncClient, charset: bytes, text: bytes, later: bytes
) -> None:
    asked = FIELD % b"async" + b"\r\n" + later
    answer = await sent(asr, asked, FIELD % b"prompt" + TEXT % charset + b"\r\n" + text)
    assert answer.status_code == 400, answer.text
    assert answer.json()["details"]["field"] == "prompt"
    assert "charset" in answer.json()["error"] or charset.decode() in answer.json()["error"]


@pytest.mark.parametrize("charset", [b"UTF-8", b"US-ASCII", b"ISO-8859-1", b"windows-1252"])
async def test_text_may_come_in_what_clients_write_it_in(
    asr: httpx.AsyncClient, charset: bytes
) -> None:
    answer = await sent(asr, FIELD % b"model" + TEXT % charset + b"\r\nen-tiny")
    assert answer.status_code == 200, answer.text


async def test_a_recording_without_a_file_name_is_named(asr: httpx.AsyncClient) -> None:
    for sound in (SHORT.read_bytes(), bytes(100_000)):
        answer = await asr.post("/transcribe", files={"file": (None, sound)})
        assert answer.status_code in (400, 413), answer.text
        assert answer.json()["details"]["field"] == "file"
        assert "file with a name" in answer.json()["error"]


async def test_too_many_parts_and_too_long_names_are_told(asr: httpx.AsyncClient) -> None:
    many = [FIELD % (b"x%d" % at) + b"\r\n1" for at in range(300)]
    for parts in (many, [FIELD % (b"x" * 60_000) + b"\r\n1"]):
        answer = await sent(asr, *parts)
        assert answer.status_code == 413, answer.text
        assert "256 parts" in answer.json()["error"]


async def test_a_body_that_is_missing_is_told(asr: httpx.AsyncClient) -> None:
    job = "00000000-0000-0000-0000-000000000000"
    answer = await asr.post(f"/jobs/{job}/analysis")
    assert (answer.status_code, answer.json()["error"]) == (400, "body: it is missing")
