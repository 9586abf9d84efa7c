"""The door to live recognition: many streams at once, their sound batched into few model calls."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.asr.catalogue import Catalogue, SpeechModel
from app.asr.clustering import Vectors
from app.asr.diarization import SpeakerTurn, window_samples
from app.asr.domain import SpeechSpan
from app.asr.ears import USUAL_EARS, Ears
from app.asr.engines.recognizers import RECOGNIZERS, AnyRecognizer
from app.asr.engines.smart_turn import SmartTurn
from app.asr.live import SampleReader, StreamOptions, Tell
from app.asr.marking import Marking
from app.asr.recognition import SAMPLE_RATE, Recognition, RecognizerOptions, Tags
from app.asr.service import SpeechService
from app.asr.speakers import LiveSpeakers
from app.asr.tagging import Tagging
from app.asr.text.words import Word
from app.asr.transcriber import Asked, LiveTranscriber
from app.asr.voices import VoiceModel
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.audio.live_resample import LiveResampler
from app.core.errors import TooLarge, Unavailable
from app.inference.batcher import Batcher
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

WINDOWS_AT_ONCE = 8
"""More in one call would make the first of them wait for the last."""
MOST_CHANNELS = 8
SMART_TURN = "smart-turn"


class StreamsFull(Unavailable):
    """So many streams are heard at once; one more would make all of them late."""


class TooManyChannels(TooLarge):
    """Each channel of a stream is heard on its own; only so many are."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The sound of a sentence, and how it is to be recognized."""

    model: SpeechModel
    options: RecognizerOptions
    sound: Samples


class StreamService:
    """Used as `async with`."""

    def __init__(
        self,
        models: ModelRegistry,
        executor: Executor,
        speech: SpeechService,
        catalogue: Catalogue,
        *,
        most_streams: int,
    ) -> None:
        self._models = models
        self._executor = executor
        self.speech = speech
        self._catalogue = catalogue
        self._tagging = Tagging(models, executor)
        self._marking = Marking(models, executor)
        self._most_streams = most_streams
        self._open_streams = 0
        # No wait: windows that become ready while a call runs make up the next one. Finals have
        # calls of their own, so that they never queue behind looks at sentences under way.
        self._looks = Batcher(self._look, max_items=WINDOWS_AT_ONCE, max_wait_s=0)
        self._finals = Batcher(self._recognize, max_items=WINDOWS_AT_ONCE, max_wait_s=0)
        self._rest_until_s = 0.0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._looks)
        await self._stack.enter_async_context(self._finals)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def has_room(self) -> bool:
        return self._open_streams < self._most_streams

    @asynccontextmanager
    async def open(self, tell: Tell, ears: Ears = USUAL_EARS) -> AsyncGenerator["LiveStream"]:
        """A stream. `tell` is called for each event, in their order.

        What is not final when the block ends is dropped: `finalize` first.
        """
        if not self.has_room:
            raise StreamsFull(f"{self._most_streams} streams are open, and no more can be")
        self._open_streams += 1
        try:
            async with AsyncExitStack() as stack:
                scope = await stack.enter_async_context(TaskScope())
                try:
                    yield LiveStream(self, tell, stack, scope, ears)
                finally:
                    await scope.cancel()
        finally:
            self._open_streams -= 1

    def asked(self, options: StreamOptions) -> Asked:
        """Raises where there is no such model, or it does not know the language."""
        return Asked(options, self._catalogue.choose_for(options, live=True))

    @asynccontextmanager
    async def holding(self, model: SpeechModel) -> AsyncGenerator[None]:
        """Keeps the model loaded for the block."""
        lease = self._models.lease(model.weights, RECOGNIZERS[model.engine], Lane.REALTIME)
        async with lease, self._tagging.holding(model):
            yield

    async def recognize(self, sound: Samples, asked: Asked, *, is_final: bool) -> Recognition:
        batcher = self._finals if is_final else self._looks
        options = asked.for_recognizer(is_final=is_final)
        return await batcher.submit(_Window(asked.choice.model, options, sound))

    async def tell_apart(
        self, speakers: LiveSpeakers, utterance: SpeechSpan, sound: Samples
    ) -> list[SpeakerTurn]:
        async with self._lend_voices() as encoder:
            return await self._executor.run(
                Lane.REALTIME, _tell_apart, encoder, speakers, utterance, sound
            )

    async def tag_words(self, texts: Sequence[str], language: str, asked: Asked) -> list[Tags]:
        return await self._tagging.of_words(texts, language, asked.choice.model)

    async def embed(self, sound: Samples) -> Vectors:
        async with self._lend_voices() as encoder:
            return await self._executor.run(Lane.REALTIME, encoder.embed, sound)

    async def write(
        self, words: Sequence[Word], language: str, options: StreamOptions
    ) -> list[Word]:
        return await self._marking.write(words, language, options)

    async def is_over(self, sound: Samples) -> float:
        """How likely, by how it sounds, that who fell silent at the end of it has said all."""
        async with self._models.lease(SMART_TURN, SmartTurn, Lane.REALTIME) as judge:
            return await self._executor.run(Lane.REALTIME, judge.is_over, sound)

    def _lend_voices(self) -> AbstractAsyncContextManager[VoiceModel]:
        return self._models.lease(self._catalogue.voices, VoiceModel, Lane.REALTIME)

    async def _look(self, windows: Sequence[_Window]) -> list[Recognition]:
        """Rests for as long as it worked: with many streams, looks become rarer and not finals
        later."""
        await asyncio.sleep(max(0.0, self._rest_until_s - time.monotonic()))
        started_s = time.monotonic()
        try:
            return await self._recognize(windows)
        finally:
            ended_s = time.monotonic()
            self._rest_until_s = 2 * ended_s - started_s

    async def _recognize(self, windows: Sequence[_Window]) -> list[Recognition]:
        """Those that ask the same of the same model go through it together."""
        alike: dict[tuple[str, RecognizerOptions], list[int]] = {}
        for place, window in enumerate(windows):
            alike.setdefault((window.model.weights, window.options), []).append(place)
        found: dict[int, Recognition] = {}
        for (weights, options), places in alike.items():
            sounds = [windows[place].sound for place in places]
            kind = RECOGNIZERS[windows[places[0]].model.engine]
            async with self._models.lease(weights, kind, Lane.REALTIME) as recognizer:
                answers = await self._executor.run(
                    Lane.REALTIME, _transcribe, recognizer, sounds, options
                )
            found.update(zip(places, answers, strict=True))
        return [found[place] for place in range(len(windows))]


class LiveStream:
    """Of one client, whose channels are heard apart from each other. Calls come one at a time."""

    def __init__(
        self,
        service: StreamService,
        tell: Tell,
        stack: AsyncExitStack,
        scope: TaskScope,
        ears: Ears,
    ) -> None:
        self._service = service
        self._ears = ears
        self._tell = tell
        self._stack = stack
        self._scope = scope
        self._channels: dict[str, _Channel] = {}
        self._held: set[str] = set()
        self.options = StreamOptions()
        self.heard_s = 0.0
        """Of all channels together: what was heard and not merely received."""

    async def configure(self, options: StreamOptions) -> None:
        """From now on, for all channels; sound goes to `options.channel`. Where it raises,
        everything stays as it was."""
        elsewhere = self._ears.elsewhere
        asked = (elsewhere or self._service).asked(options)
        if options.channel not in self._channels and len(self._channels) >= MOST_CHANNELS:
            raise TooManyChannels(f"channel: a stream has {MOST_CHANNELS} at most", field="channel")
        model = asked.choice.model
        if not elsewhere and model.weights not in self._held:
            await self._stack.enter_async_context(self._service.holding(model))
            self._held.add(model.weights)
        if options.channel not in self._channels:
            self._channels[options.channel] = await self._open_channel(asked)
        self.options = options
        for channel in self._channels.values():
            await channel.configure(asked)

    async def _open_channel(self, asked: Asked) -> "_Channel":
        ears, service = self._ears, self._service
        voice = await self._stack.enter_async_context(service.speech.listen(ears.activity))
        hearing = ears.elsewhere or service
        transcriber = LiveTranscriber(hearing, voice, asked, self._tell, self._scope, ears.rules)
        return _Channel(transcriber, asked.options)

    async def hear(self, data: bytes) -> None:
        """Sound of the channel that is configured, in pieces of any size. Before the first
        `configure` it is what the defaults say."""
        if not self._channels:
            await self.configure(self.options)
        self.heard_s += await self._channels[self.options.channel].hear(data)

    async def is_over(self) -> float:
        """How likely, by how it sounds, that who paused in the channel that is heard has said all.
        Raises where nothing can judge that."""
        return await self._service.is_over(self._channels[self.options.channel].sentence_so_far())

    async def finalize(self) -> None:
        """What was said so far is final, in every channel. The stream may go on."""
        for channel in self._channels.values():
            await channel.finalize()


class _Channel:
    """From a client's bytes to what the transcriber hears."""

    def __init__(self, transcriber: LiveTranscriber, options: StreamOptions) -> None:
        self._transcriber = transcriber
        self._open_input(options)

    def _open_input(self, options: StreamOptions) -> None:
        self._layout = options.sample_rate, options.encoding
        self._reader = SampleReader(options.encoding)
        self._resampler = LiveResampler(options.sample_rate, SAMPLE_RATE)

    async def configure(self, asked: Asked) -> None:
        options = asked.options
        if (options.sample_rate, options.encoding) != self._layout:
            await self._transcriber.hear(self._resampler.flush())
            self._open_input(options)
        self._transcriber.configure(asked)

    async def hear(self, data: bytes) -> float:
        samples = self._reader.read(data)
        await self._transcriber.hear(self._resampler.push(samples))
        return samples.size / self._layout[0]

    def sentence_so_far(self) -> Samples:
        return self._transcriber.sentence_so_far()

    async def finalize(self) -> None:
        await self._transcriber.hear(self._resampler.flush())
        await self._transcriber.finalize()
        self._resampler = LiveResampler(self._layout[0], SAMPLE_RATE)


def _tell_apart(
    encoder: VoiceModel, speakers: LiveSpeakers, utterance: SpeechSpan, sound: Samples
) -> list[SpeakerTurn]:
    windows = speakers.plan(utterance)
    sounds = list(window_samples([sound], windows, SAMPLE_RATE))
    return speakers.add(utterance, windows, encoder.embed_windows(sounds))


def _transcribe(
    recognizer: AnyRecognizer, sounds: Sequence[Samples], options: RecognizerOptions
) -> list[Recognition]:
    return [*recognizer.transcribe(sounds, options)]
