"""From a recording to a voice, with the models that are installed."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import numpy as np

from app.core.audio.convert import Samples
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.engine import MODEL, say
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.fitted_voices import Consent
from app.tts.fitting import FittedVoice, Phrases, Progress, StockVoices, VoiceFitter
from app.tts.reference import read_reference
from app.tts.service import Reader
from app.tts.speech import Sentence
from app.tts.text.lexicon import EMPTY
from app.tts.voice_vectors import Embed, Pack, Vector

EVALUATIONS = 156
TEXTS = (
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
)
"""Of the Harvard sentences, in which sounds are as frequent as in English."""
PHRASES = Phrases(search=range(5), judge=range(5, 8))

Encoder = Callable[[], AbstractAsyncContextManager[Embed]]


class VoiceMaker:
    """Makes one voice at a time: it takes minutes of a core."""

    def __init__(
        self, models: ModelRegistry, executor: Executor, read: Reader, encoder: Encoder
    ) -> None:
        self._models = models
        self._executor = executor
        self._read = read
        self._encoder = encoder
        self._making = asyncio.Lock()
        self._known: Vector | None = None

    async def make(
        self,
        recording: Samples,
        consent: Consent,
        *,
        evaluations: int = EVALUATIONS,
        progress: Progress = lambda _: None,
    ) -> FittedVoice:
        """`recording`: 16 kHz mono. Raises where it is not fit for it, or nobody consented."""
        consent.check()
        run = self._executor.run
        async with (
            self._making,
            self._models.lease(MODEL, KokoroNetwork, Lane.BATCH) as network,
            self._encoder() as embed,
        ):
            reference = await run(Lane.BATCH, read_reference, recording, embed)
            sentences = await run(Lane.BATCH, self._sentences)
            fitter = VoiceFitter(
                StockVoices([*network.voices], np.stack([*network.voices.values()])),
                embed,
                lambda pack, phrase: _said(network, sentences[phrase], pack),
                PHRASES,
                self._executor,
                self._known,
            )
            try:
                return await fitter.fit(reference, evaluations=evaluations, progress=progress)
            finally:
                self._known = fitter.known

    def _sentences(self) -> list[list[Sentence]]:
        return [[*self._read(text, "en-us", EMPTY)] for text in TEXTS]


def _said(network: KokoroNetwork, sentences: list[Sentence], pack: Pack) -> Samples:
    return np.concatenate([say(network, sentence, pack, Delivery()) for sentence in sentences])
