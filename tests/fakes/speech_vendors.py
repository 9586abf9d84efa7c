"""Those who sell speech, on loopback: they check what they are sent as their documents say, answer
in their own form, and can be told to misbehave. What they say is a tone, 40 ms for every letter.
"""

import asyncio
import base64
import io
import json
import wave
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

RATE = 24000
LETTER_S = 0.04
KEY = "key-of-this-test-2f8a"
OF_ONE_PIECE = 7001
"""Bytes: odd, so that pieces end within a sample."""


@dataclass(frozen=True)
class Answer:
    """`pieces` go out as chunks of their own. `cut`: the connection breaks behind them."""

    status: int
    kind: str
    pieces: Sequence[bytes]
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hangs: bool = False
    """Behind the pieces, for ever."""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


class Refused(Exception):
    def __init__(self, status: int, body: Any) -> None:
        self.answer = said(status, body)


def said(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, "application/json", [json.dumps(body).encode()], headers)


class SpeechVendor(ABC):
    """`scripted` answers come first, in their order. `left` is set when a client hangs up before
    it has all."""

    def __init__(self) -> None:
        self.scripted: list[Answer] = []
        self.asked: list[Asked] = []
        self.left = asyncio.Event()
        self.url = ""
        self._serving: set[asyncio.Task[None] | None] = set()

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Raises `Refused`."""

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["SpeechVendor"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in filter(None, self._serving):
                task.cancel()
            await asyncio.gather(*filter(None, self._serving), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                if not await self._tell(self._answer(asked), reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Answer:
        if self.scripted:
            return self.scripted.pop(0)
        try:
            return self.answer(asked)
        except Refused as refused:
            return refused.answer

    async def _tell(
        self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        headers = {"content-type": answer.kind, "transfer-encoding": "chunked", **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{k}: {v}" for k, v in headers.items())]
        if answer.status:
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        for piece in answer.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        if answer.hangs:
            await reader.read()
            self.left.set()
            return False
        if answer.cut:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Asked(method, url.path, query, headers, json.loads(body or b"{}"))


def tone(text: str, speed: float = 1.0) -> bytes:
    """s16le, never zero: what is lost of it is missed."""
    count = round(len(text) * LETTER_S * RATE / speed)
    wave_ = np.sin(np.arange(count) * 2 * np.pi * 220 / RATE + 0.1)
    return (8000 * wave_ + 1).astype("<i2").tobytes()


def in_pieces(data: bytes) -> list[bytes]:
    return [data[begin : begin + OF_ONE_PIECE] for begin in range(0, len(data), OF_ONE_PIECE)]


class OpenAi(SpeechVendor):
    """`POST /v1/audio/speech`, of which `pcm` is 24 kHz s16le without a header."""

    def answer(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) != ("POST", "/v1/audio/speech"):
            raise Refused(404, _openai("Invalid URL", "invalid_request_error"))
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            shown = f"Incorrect API key provided: {asked.headers.get('authorization')}"
            raise Refused(401, _openai(shown, "invalid_request_error", "invalid_api_key"))
        body = asked.body
        if not isinstance(body.get("input"), str) or not 0 < len(body["input"]) <= 4096:
            raise Refused(400, _openai("input: 4096 characters at most", "invalid_request_error"))
        if body.get("voice") not in ("alloy", "nova") or body.get("model") != "gpt-4o-mini-tts":
            raise Refused(
                400, _openai("Input should be 'alloy' or 'nova'", "invalid_request_error")
            )
        if not 0.25 <= body.get("speed", 1) <= 4 or body.get("response_format") != "pcm":
            raise Refused(400, _openai("speed: 0.25 to 4", "invalid_request_error"))
        return Answer(200, "audio/pcm", in_pieces(tone(body["input"], body.get("speed", 1))))


def _openai(message: str, kind: str, code: str | None = None) -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class ElevenLabs(SpeechVendor):
    """`POST /v1/text-to-speech/{voice}/stream/with-timestamps`: a JSON object in each line."""

    voice = "JBFqnCBsd6RMkjVDRZzb"
    letters_of_a_line = 5

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("xi-api-key") != KEY:
            raise Refused(401, _elevenlabs("invalid_api_key", "Invalid API key"))
        if asked.path != f"/v1/text-to-speech/{self.voice}/stream/with-timestamps":
            raise Refused(404, _elevenlabs("voice_not_found", "A voice for this id was not found."))
        if asked.query != {"output_format": "pcm_24000"}:
            raise Refused(403, _elevenlabs("output_format_not_allowed", "not in your plan"))
        settings = asked.body.get("voice_settings", {})
        if not 0.7 <= settings.get("speed", 1) <= 1.2 or not 0 <= settings.get("style", 0) <= 1:
            raise Refused(400, _elevenlabs("invalid_voice_settings", "Invalid setting"))
        is_told = "language_code" in asked.body
        if is_told and not asked.body["model_id"].endswith("_v2_5"):
            raise Refused(400, _elevenlabs("unsupported_language", "not of this model"))
        return Answer(200, "text/event-stream", self._lines(asked.body["text"]))

    def _lines(self, text: str) -> list[bytes]:
        """The second line has sound and no letters, as happens."""
        sound, lines = tone(text), list[bytes]()
        of_letter = round(LETTER_S * RATE) * 2
        for begin in range(0, len(text), self.letters_of_a_line):
            letters = text[begin : begin + self.letters_of_a_line]
            starts = [round((begin + place) * LETTER_S, 3) for place in range(len(letters))]
            alignment = {
                "characters": list(letters),
                "character_start_times_seconds": starts,
                "character_end_times_seconds": [round(start + LETTER_S, 3) for start in starts],
            }
            heard = sound[begin * of_letter : (begin + len(letters)) * of_letter]
            lines.append(_line(heard[: len(heard) // 4 * 2], alignment))
            lines.append(_line(heard[len(heard) // 4 * 2 :], None))
        return in_pieces(b"".join(lines))


def _line(sound: bytes, alignment: Any) -> bytes:
    line = {
        "audio_base64": base64.b64encode(sound).decode(),
        "alignment": alignment,
        "normalized_alignment": alignment,
    }
    return json.dumps(line).encode() + b"\n"


def _elevenlabs(status: str, message: str) -> Any:
    return {"detail": {"status": status, "message": message}}


class Sarvam(SpeechVendor):
    """`POST /text-to-speech`: WAV files, base64, in JSON."""

    rate = RATE

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("api-subscription-key") != KEY:
            raise Refused(403, _sarvam("invalid_api_key_error", "Invalid or missing API key"))
        body = asked.body
        if asked.path != "/text-to-speech" or not 0 < len(body["text"]) <= 2500:
            raise Refused(400, _sarvam("invalid_request_error", "text: 2500 characters at most"))
        if body["target_language_code"] not in ("hi-IN", "en-IN", "ta-IN"):
            raise Refused(422, _sarvam("unprocessable_entity_error", "target_language_code"))
        is_v2 = body["model"] == "bulbul:v2"
        if is_v2 and "temperature" in body:
            raise Refused(400, _sarvam("invalid_request_error", "temperature: not of this model"))
        if not 0.5 <= body["pace"] <= 2 or body["speech_sample_rate"] != RATE:
            raise Refused(400, _sarvam("invalid_request_error", "pace: 0.5 to 2"))
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(self.rate)
            sound.writeframes(tone(body["text"], body["pace"]))
        audios = [base64.b64encode(file.getvalue()).decode()]
        return said(200, {"request_id": "20260101_x", "audios": audios})


def _sarvam(code: str, message: str) -> Any:
    return {"error": {"message": message, "code": code, "request_id": "20260101_x"}}
