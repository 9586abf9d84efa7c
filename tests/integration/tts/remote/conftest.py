"""Engines that ask a vendor on loopback, made as an operator's settings make them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from app.core.audio.convert import Samples
from app.core.setting_fields import Secret
from app.core.settings import Tts
from app.tts.engines.chosen import remote_engine, remote_voices
from app.tts.engines.remote import RemoteEngine
from app.tts.speech import Manner, Sentence, SpeechChunk, SpokenWord, TimedWord
from tests.fakes.speech_vendors import KEY, ElevenLabs, OpenAi, Sarvam
from tests.fakes.vendor import Vendor

LANGUAGE = "en-us"
FAKES = {"openai": OpenAi, "elevenlabs": ElevenLabs, "sarvam": Sarvam}
USUAL: dict[str, dict[str, Any]] = {
    "openai": {"model": "gpt-4o-mini-tts", "voice": "alloy"},
    "elevenlabs": {"voice": ElevenLabs.voice},
    "sarvam": {},
}


@dataclass(frozen=True)
class Speaking:
    vendor: Any
    engine: RemoteEngine
    voice: str

    def manner(self, **asked: Any) -> Manner:
        return Manner(**{"voice": self.voice, "language": LANGUAGE, **asked})

    async def say(self, *texts: str, pause_s: float = 0.0, **manner: Any) -> list[SpeechChunk]:
        sentences = [sentence(text, pause_s) for text in texts]
        async with aclosing(self.engine.speak(sentences, self.manner(**manner))) as chunks:
            return [chunk async for chunk in chunks]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.vendor.asked]


def sentence(text: str, pause_s: float = 0.0) -> Sentence:
    words, at = list[SpokenWord](), 0
    for word in text.split():
        begin = text.index(word, at)
        at = begin + len(word)
        words.append(SpokenWord(word, begin, at))
    return Sentence(tuple(words), pause_s)


def sound_of(chunks: list[SpeechChunk]) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks])


def words_of(chunks: list[SpeechChunk]) -> list[TimedWord]:
    return [word for chunk in chunks for word in chunk.words]


@asynccontextmanager
async def speaking(engine: Any, **settings: Any) -> AsyncGenerator[Speaking]:
    vendor: Vendor = FAKES[engine]()
    async with vendor.serving():
        stated = {"api_key": Secret(KEY), "base_url": vendor.url, **USUAL[engine], **settings}
        tts = Tts(engine=engine, **stated)
        async with remote_engine(tts) as made:
            yield Speaking(vendor, made, remote_voices(tts).default)


@pytest.fixture(params=FAKES)
async def any_vendor(request: pytest.FixtureRequest) -> AsyncGenerator[Speaking]:
    async with speaking(request.param) as made:
        yield made
