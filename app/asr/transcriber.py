"""One channel of a live stream: its sound becomes sentences, shown as they grow and then final."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.asr.agreement import Agreement
from app.asr.catalogue import Choice
from app.asr.clustering import Vectors
from app.asr.diarization import DiarizationRules, by_speaker, window_samples
from app.asr.domain import SpeechSpan
from app.asr.endpointing import Endpointing, EndpointRules, Signal
from app.asr.live import Said, SpeakerPart, SpeechBegan, StreamOptions, Tape, Tell, choose_cut
from app.asr.recognition import SAMPLE_RATE, Recognition, RecognizerOptions
from app.asr.service import VoiceActivity
from app.asr.speakers import LiveSpeakers
from app.asr.text.words import Word
from app.asr.utterances import text_in, write
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.errors import Unavailable

TAIL_MS = 160
"""Sound after the last frame of speech that is recognized with it."""
MEMORY_MS = 1000
"""Sound before speech begins that is kept."""
LEAST_SPEECH_MS = 100
DOCUMENTED_HOTWORD_WEIGHT, OWN_HOTWORD_WEIGHT = 10.0, 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    options: StreamOptions
    choice: Choice

    def for_recognizer(self, *, is_final: bool) -> RecognizerOptions:
        options = self.options
        weight = options.hotword_weight * OWN_HOTWORD_WEIGHT / DOCUMENTED_HOTWORD_WEIGHT
        asked = RecognizerOptions(
            language=self.choice.language,
            task=options.task,
            word_times=True,
            prompt=options.prompt,
            hotwords=options.hotword_list,
            hotword_weight=weight,
        )
        return asked if is_final else replace(asked, temperatures=(0.0,))


class Hearing(Protocol):
    """Models, shared with other streams."""

    async def recognize(self, sound: Samples, asked: Asked, *, is_final: bool) -> Recognition: ...

    async def embed_windows(self, windows: Sequence[Samples]) -> Vectors: ...

    async def embed(self, sound: Samples) -> Vectors: ...


@dataclass(eq=False, slots=True)
class _Draft:
    """A recognition under way, of the sentence until `end_ms`."""

    start_ms: int
    end_ms: int
    can_be_final: bool
    work: asyncio.Task[Recognition | None] | None = None


class LiveTranscriber:
    def __init__(
        self, hearing: Hearing, voice: VoiceActivity, asked: Asked, tell: Tell, scope: TaskScope
    ) -> None:
        self._hearing = hearing
        self._voice = voice
        self._tell = tell
        self._scope = scope
        self._channel = asked.options.channel
        self._tape = Tape()
        self._endpointing = Endpointing(EndpointRules())
        self._agreement = Agreement()
        self._draft: _Draft | None = None
        self._shown: tuple[str, str] | None = None
        self._is_cut = False
        self._speakers: LiveSpeakers | None = None
        self.configure(asked)

    def configure(self, asked: Asked) -> None:
        """From now on; the sentence under way included."""
        self._asked = asked
        self._endpointing.rules = EndpointRules(pause_ms=asked.options.endpointing_ms)
        if asked.options.diarize and self._speakers is None:
            self._speakers = LiveSpeakers(asked.options.speaker_count, DiarizationRules())

    async def hear(self, sound: Samples) -> None:
        """16 kHz. Returns when what is final by then was told."""
        self._tape.add(sound)
        for probability in await self._voice.push(sound):
            signal = self._endpointing.push(probability)
            if signal is not None:
                await self._act(signal)
        place = self._endpointing
        needed_ms = place.start_ms if place.is_speech else place.now_ms - MEMORY_MS
        self._tape.forget_before(needed_ms)

    async def finalize(self) -> None:
        """What was said so far is final; a new sentence may follow."""
        if self._endpointing.is_speech:
            await self._end(self._tape.end_ms)
            self._endpointing.end()

    async def _act(self, signal: Signal) -> None:
        place = self._endpointing
        match signal:
            case Signal.BEGAN:
                self._begin_sentence(is_cut=False)
                await self._tell(SpeechBegan(self._channel, place.start_ms / 1000))
            case Signal.INTERIM:
                if self._asked.options.interim_results and not self._is_looking():
                    self._look(can_be_final=False)
            case Signal.PAUSED:
                self._drop_draft()
                self._look(can_be_final=True)
            case Signal.ENDED:
                await self._end(min(place.now_ms, place.speech_end_ms + TAIL_MS))
            case Signal.FULL:
                await self._cut()

    def _begin_sentence(self, *, is_cut: bool) -> None:
        self._drop_draft()
        self._agreement = Agreement()
        self._shown = None
        self._is_cut = is_cut

    def _is_looking(self) -> bool:
        draft = self._draft
        return draft is not None and draft.work is not None and not draft.work.done()

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft and draft.work:
            draft.work.cancel()

    def _look(self, *, can_be_final: bool) -> None:
        place = self._endpointing
        draft = self._draft = _Draft(place.start_ms, place.now_ms, can_be_final)
        draft.work = self._scope.spawn("look at a sentence", self._looked(draft))

    async def _looked(self, draft: _Draft) -> Recognition | None:
        """None where the models have no time: the next look, or the final, makes up for it."""
        try:
            recognition = await self._recognize(
                draft.start_ms, draft.end_ms, is_final=draft.can_be_final
            )
        except Unavailable:
            return None
        if draft is self._draft:
            await self._show(draft, recognition)
        return recognition

    async def _show(self, draft: _Draft, recognition: Recognition) -> None:
        heard_s = (draft.end_ms - draft.start_ms) / 1000
        words = self._agreement.add(_words(recognition), heard_s)
        self._endpointing.note_words(len(words))
        language = recognition.language
        shown = text_in(words, language), text_in(self._agreement.stable, language)
        if self._asked.options.interim_results and shown[0] and shown != self._shown:
            self._shown = shown
            said = self._said(words, recognition, draft.start_ms, draft.end_ms)
            await self._tell(replace(said, stable_text=shown[1]))

    async def _end(self, end_ms: int) -> None:
        """The final text of the sentence under way, which ends here as does the utterance."""
        started_s = time.perf_counter()
        place = self._endpointing
        start_ms = place.start_ms
        recognition = await self._drafted(start_ms, place.speech_end_ms)
        is_empty = place.speech_end_ms - start_ms < LEAST_SPEECH_MS
        if recognition is None and not is_empty:
            recognition = await self._recognize(start_ms, end_ms, is_final=True)
        words = self._agreement.keep(_words(recognition) if recognition else ())
        if recognition and (words or self._shown or self._is_cut):
            said = self._said(words, recognition, start_ms, place.speech_end_ms)
            await self._tell_final(replace(said, utterance_end=True), started_s)
        elif self._is_cut:
            await self._tell_final(self._nothing(start_ms), started_s)
        self._begin_sentence(is_cut=False)

    async def _drafted(self, start_ms: int, speech_end_ms: int) -> Recognition | None:
        """The look that was taken as the silence began, where it heard all of the speech."""
        draft, self._draft = self._draft, None
        if draft is None or draft.work is None:
            return None
        heard_all = draft.start_ms == start_ms and draft.end_ms >= speech_end_ms
        if not draft.can_be_final or not heard_all:
            draft.work.cancel()
            return None
        return await draft.work

    async def _cut(self) -> None:
        started_s = time.perf_counter()
        self._drop_draft()
        place = self._endpointing
        start_ms, end_ms = place.start_ms, place.now_ms
        recognition = await self._recognize(start_ms, end_ms, is_final=True)
        words = self._agreement.keep(_words(recognition))
        count, cut_ms = choose_cut(words, self._tape.part(start_ms, end_ms))
        count = max(count, len(self._agreement.stable))
        if count < len(words):
            cut_ms = max(cut_ms, round(words[count - 1].end_s * 1000)) if count else cut_ms
        if words[:count]:
            said = self._said(words[:count], recognition, start_ms, start_ms + cut_ms)
            await self._tell_final(said, started_s)
        place.cut(start_ms + cut_ms)
        self._begin_sentence(is_cut=True)

    async def _recognize(self, start_ms: int, end_ms: int, *, is_final: bool) -> Recognition:
        sound = self._tape.part(start_ms, end_ms)
        return await self._hearing.recognize(sound, self._asked, is_final=is_final)

    def _said(
        self, words: Sequence[Word], recognition: Recognition, start_ms: int, end_ms: int
    ) -> Said:
        placed = tuple(
            replace(
                word, start_s=word.start_s + start_ms / 1000, end_s=word.end_s + start_ms / 1000
            )
            for word in words
        )
        return Said(
            channel=self._channel,
            text=text_in(placed, recognition.language),
            words=placed,
            start_s=start_ms / 1000,
            end_s=end_ms / 1000,
            language=recognition.language,
            confidence=sum(word.confidence for word in words) / len(words) if words else 0.0,
            model=self._asked.choice.model.name,
        )

    def _nothing(self, at_ms: int) -> Said:
        """What ends an utterance whose every word was told before."""
        return Said(
            channel=self._channel,
            text="",
            words=(),
            start_s=at_ms / 1000,
            end_s=at_ms / 1000,
            language=self._asked.choice.language or "",
            confidence=0.0,
            model=self._asked.choice.model.name,
            utterance_end=True,
        )

    async def _tell_final(self, said: Said, started_s: float) -> None:
        options = self._asked.options
        words = tuple(write(said.words, said.language, options))
        sound = self._tape.part(round(said.start_s * 1000), round(said.end_s * 1000))
        embedding = None
        if options.speaker_embedding and sound.size:
            embedding = tuple((await self._hearing.embed(sound)).tolist())
        await self._tell(
            replace(
                said,
                words=words,
                text=text_in(words, said.language),
                is_final=True,
                parts=await self._by_speaker(said, words) if options.diarize else (),
                speaker_embedding=embedding,
                process_ms=round((time.perf_counter() - started_s) * 1000),
            )
        )

    async def _by_speaker(self, said: Said, words: Sequence[Word]) -> tuple[SpeakerPart, ...]:
        speakers = self._speakers
        if speakers is None or not words:
            return ()
        span = SpeechSpan(0.0, said.end_s - said.start_s)
        windows = speakers.plan(span)
        sound = self._tape.part(round(said.start_s * 1000), round(said.end_s * 1000))
        sounds = list(window_samples([sound], windows, SAMPLE_RATE))
        vectors = await self._hearing.embed_windows(sounds)
        turns = speakers.add(span, windows, vectors)
        turns = [
            replace(turn, start_s=turn.start_s + said.start_s, end_s=turn.end_s + said.start_s)
            for turn in turns
        ]
        return tuple(
            SpeakerPart(speaker or 0, tuple(part)) for speaker, part in by_speaker(words, turns)
        )


def _words(recognition: Recognition) -> list[Word]:
    return [
        Word(word.text, word.start_s, word.end_s, word.probability)
        for word in recognition.best.words
        if word.text
    ]
