"""OpenAI's `/v1/audio/speech`, and the many servers that offer the same."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.core.http import OutboundClient
from app.core.setting_fields import Secret
from app.tts.engines.remote import SOUND, Passage, RemoteApi, samples_of
from app.tts.speech import Manner, SpeechChunk

_SLOWEST, _FASTEST = 0.25, 4.0


class OpenAiSpeech:
    """`base_url` with or without `/v1`. Tells no times of words."""

    ignores = frozenset({"language", "temperature", "top_k", "exaggeration"})
    most_characters = 4000

    def __init__(self, base_url: str, key: Secret, *, model: str, client: OutboundClient) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        root = base_url.rstrip("/").removesuffix("/v1")
        self._api = RemoteApi("The speech server", root, headers, client)
        self._model = model

    async def say(self, passage: Passage, manner: Manner) -> AsyncGenerator[SpeechChunk, None]:
        body = {
            "model": self._model,
            "input": passage.text,
            "voice": manner.voice,
            "response_format": "pcm",
            "speed": min(max(manner.speed, _SLOWEST), _FASTEST),
        }
        if manner.instruct:
            body["instructions"] = manner.instruct
        async with (
            self._api.post("/v1/audio/speech", body, media=SOUND) as answer,
            aclosing(samples_of(answer.chunks(), self._api)) as sound,
        ):
            async for samples in sound:
                yield SpeechChunk(samples)
