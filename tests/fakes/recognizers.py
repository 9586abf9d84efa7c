"""Servers that recognize speech, on loopback: they check what they are sent as their documents say.
What they understand is what they were told to."""

import io
import wave
from typing import Any

from tests.fakes.vendor import Answer, Asked, Refused, Vendor, said

KEY = "key-of-this-test-51cc"


class Recognizer(Vendor):
    """`texts` are understood one after the other, the last again and again."""

    path = "/v1/audio/transcriptions"
    field = "file"

    def __init__(self, *texts: str, key: str = "") -> None:
        super().__init__()
        self.texts = list(texts)
        self.heard_s: list[float] = []
        self._key = key

    def answer(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) != ("POST", self.path):
            raise Refused(404, {"detail": "Not Found"})
        if self._key and asked.headers.get("authorization") != f"Bearer {self._key}":
            raise Refused(401, {"error": {"message": "Incorrect API key provided"}})
        if not isinstance(asked.body.get(self.field, [""])[0], bytes):
            raise Refused(422, {"detail": [{"loc": ["body", self.field], "msg": "required"}]})
        self.heard_s.append(_seconds(asked.body[self.field][0]))
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        return said(200, self._told(text))

    def _told(self, text: str) -> Any:
        return {"text": text}


class OpenAi(Recognizer):
    def answer(self, asked: Asked) -> Answer:
        if not asked.body.get("model"):
            raise Refused(400, {"error": {"message": "you must provide a model parameter"}})
        return super().answer(asked)


class Qwen(OpenAi):
    def _told(self, text: str) -> Any:
        return {"text": text, "confidence": 0.8}


class OllamaWhisper(Recognizer):
    path = "/api/transcribe"
    field = "audio"


def _seconds(data: bytes) -> float:
    with wave.open(io.BytesIO(data)) as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if form != (16_000, 1, 2):
            raise Refused(400, {"error": {"message": f"Invalid file format: {form}"}})
        frames = file.readframes(file.getnframes())
        if not any(frames):
            raise Refused(400, {"error": {"message": "The audio is silent"}})
        return len(frames) / 32_000
