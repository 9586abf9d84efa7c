"""Those who sell speech, on loopback: they check what they are sent as their documents say, answer
in their own form, and can be told to misbehave. What they say is a tone, 40 ms for every letter.
"""

import base64
import io
import json
import wave
from typing import Any

import numpy as np

from tests.fakes.vendor import Answer, Asked, Refused, Vendor, said

RATE = 24000
LETTER_S = 0.04
KEY = "key-of-this-test-2f8a"
OF_ONE_PIECE = 7001
"""Bytes: odd, so that pieces end within a sample."""


def tone(text: str, speed: float = 1.0) -> bytes:
    """s16le, never zero: what is lost of it is missed."""
    count = round(len(text) * LETTER_S * RATE / speed)
    wave_ = np.sin(np.arange(count) * 2 * np.pi * 220 / RATE + 0.1)
    return (8000 * wave_ + 1).astype("<i2").tobytes()


def in_pieces(data: bytes) -> list[bytes]:
    return [data[begin : begin + OF_ONE_PIECE] for begin in range(0, len(data), OF_ONE_PIECE)]


class OpenAi(Vendor):
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


class ElevenLabs(Vendor):
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


class Sarvam(Vendor):
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
