"""The voice of an agent at the rate of a line."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from app.core.audio.live_resample import LiveResampler
from app.realtime.conversation import HeardWord, Spoken
from app.tts.service import SpeakingService
from app.tts.speech import SAMPLE_RATE, Manner


class AgentMouth:
    """`owner`: whose pronunciations and voices these are."""

    def __init__(
        self, speaking: SpeakingService, manner: Manner, owner: UUID, sample_rate: int
    ) -> None:
        self._speaking = speaking
        self._manner = manner
        self._owner = owner
        self._sample_rate = sample_rate

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        resampler = LiveResampler(SAMPLE_RATE, self._sample_rate)
        async with aclosing(self._speaking.speak(text, self._manner, owner=self._owner)) as chunks:
            async for chunk in chunks:
                words = tuple(HeardWord(word.end, word.start_s, word.end_s) for word in chunk.words)
                yield Spoken(resampler.push(chunk.samples), words)
        yield Spoken(resampler.flush())
