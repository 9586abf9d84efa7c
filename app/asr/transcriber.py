"""One channel of a live stream: its sound becomes sentences, shown as they grow and then final."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.asr.activity import Activity
from app.asr.agreement import Agreement
from app.asr.catalogue import Choice
from app.asr.clustering import Vectors
from app.asr.cutting import Overlap, choose_cut, overlap
from app.asr.diarization import DiarizationRules, SpeakerTurn, by_speaker
from app.asr.domain import SpeechSpan
from app.asr.endpointing import Endpointing, EndpointRules, Signal
from app.asr.live import (
    Said,
    SpeakerPart,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    StreamOptions,
    Tape,
    Tell,
)
from app.asr.plan import HOTWORD_SCALES
from app.asr.recognition import Recognition, RecognizerOptions, Tag, Tags
from app.asr.speakers import LiveSpeakers
from app.asr.tagging import voice_tags
from app.asr.tags.told import told_tags
from app.asr.text.words import Word
from app.asr.utterances import text_in
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.errors import Unavailable

TAIL_MS = 160
"""Sound after the last frame of speech that is recognized with it."""
MEMORY_MS = 1000
"""Sound before speech begins that is kept."""
LEAST_SPEECH_MS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    options: StreamOptions
    choice: Choice

    def for_recognizer(self, *, is_final: bool) -> RecognizerOptions:
        options = self.options
        weight = options.hotword_weight / HOTWORD_SCALES[self.choice.model.engine]
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

    async def tell_apart(
        self, speakers: LiveSpeakers, utterance: SpeechSpan, sound: Samples
    ) -> list[SpeakerTurn]: ...

    async def embed(self, sound: Samples) -> Vectors: ...

    async def tag_words(self, texts: Sequence[str], language: str, asked: Asked) -> list[Tags]: ...

    async def write(
        self, words: Sequence[Word], language: str, options: StreamOptions
    ) -> list[Word]: ...


@dataclass(frozen=True, slots=True)
class _Heard:
    """Words, with their times since the first sound of the stream."""

    words: list[Word]
    language: str
    tags: Tags = field(default_factory=dict[str, Tag])
    """Of the voice."""


@dataclass(eq=False, slots=True)
class _Draft:
    """A recognition under way, of the sentence until `end_ms`."""

    start_ms: int
    end_ms: int
    can_be_final: bool
    work: asyncio.Task[_Heard | None] | None = None


class LiveTranscriber:
    def __init__(
        self,
        hearing: Hearing,
        voice: Activity,
        asked: Asked,
        tell: Tell,
        scope: TaskScope,
        rules: EndpointRules,
    ) -> None:
        """`rules`: of speech and silence, but for what a client may ask."""
        self._hearing = hearing
        self._voice = voice
        self._tell = tell
        self._scope = scope
        self._channel = asked.options.channel
        self._tape = Tape()
        self._endpointing = Endpointing(rules)
        self._agreement = Agreement()
        self._draft: _Draft | None = None
        self._shown: tuple[str, str] | None = None
        self._overlap: Overlap | None = None
        self._speakers: LiveSpeakers | None = None
        self.configure(asked)

    def configure(self, asked: Asked) -> None:
        """From now on; the sentence under way included."""
        self._asked = asked
        pause_ms = asked.options.endpointing_ms
        self._endpointing.rules = replace(self._endpointing.rules, pause_ms=pause_ms)
        if asked.options.diarize and self._speakers is None:
            self._speakers = LiveSpeakers(asked.options.speaker_count, DiarizationRules())

    async def hear(self, sound: Samples) -> None:
        """16 kHz. Returns when what is final by then was told."""
        self._tape.add(sound)
        for probability in await self._voice.push(sound):
            signal = self._endpointing.push(probability)
            if signal is not None:
                await self._act(signal)
        self._tape.forget_before(self._needed_ms())

    def sentence_so_far(self) -> Samples:
        """The sound of the sentence under way, or of the last moments where there is none."""
        return self._tape.part(max(0, self._needed_ms()), self._tape.end_ms)

    def _needed_ms(self) -> int:
        place = self._endpointing
        return self._from_ms(place.start_ms) if place.is_speech else place.now_ms - MEMORY_MS

    async def finalize(self) -> None:
        """What was said so far is final; a new sentence may follow."""
        if self._endpointing.is_speech:
            await self._end(self._tape.end_ms)
            self._endpointing.end()

    async def _act(self, signal: Signal) -> None:
        place = self._endpointing
        match signal:
            case Signal.BEGAN:
                self._begin_sentence()
                await self._tell(SpeechBegan(self._channel, place.start_ms / 1000))
            case Signal.INTERIM:
                if self._asked.options.interim_results and not self._is_looking():
                    self._look(can_be_final=False)
            case Signal.PAUSED:
                self._drop_draft()
                self._look(can_be_final=True)
                await self._tell(SpeechPaused(self._channel, place.speech_end_ms / 1000))
            case Signal.RESUMED:
                await self._tell(SpeechResumed(self._channel, place.now_ms / 1000))
            case Signal.ENDED:
                await self._end(min(place.now_ms, place.speech_end_ms + TAIL_MS))
            case Signal.FULL:
                await self._cut()

    def _begin_sentence(self, again: Overlap | None = None) -> None:
        self._drop_draft()
        self._agreement = Agreement(again.told if again else ())
        self._shown = None
        self._overlap = again

    def _from_ms(self, start_ms: int) -> int:
        """Where the sound begins that is recognized for the sentence since `start_ms`."""
        return round(self._overlap.start_s * 1000) if self._overlap else start_ms

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

    async def _looked(self, draft: _Draft) -> _Heard | None:
        """None where the models have no time: the next look, or the final, makes up for it."""
        try:
            heard = await self._recognize(draft.start_ms, draft.end_ms, is_final=draft.can_be_final)
        except Unavailable:
            return None
        if draft is self._draft:
            await self._show(draft, heard)
        return heard

    async def _show(self, draft: _Draft, heard: _Heard) -> None:
        words = self._agreement.add(heard.words, draft.end_ms / 1000)
        self._endpointing.note_words(len(words))
        shown = (
            text_in(words, heard.language),
            text_in(self._agreement.stable, heard.language),
        )
        if self._asked.options.interim_results and shown[0] and shown != self._shown:
            self._shown = shown
            said = self._said(words, heard.language, draft.start_ms, draft.end_ms)
            await self._tell(replace(said, stable_text=shown[1]))

    async def _end(self, end_ms: int) -> None:
        """The final text of the sentence under way, which ends here as does the utterance."""
        started_s = time.perf_counter()
        place = self._endpointing
        start_ms = place.start_ms
        heard = await self._drafted(start_ms, place.speech_end_ms)
        is_empty = place.speech_end_ms - start_ms < LEAST_SPEECH_MS
        if heard is None and not is_empty:
            heard = await self._recognize(start_ms, end_ms, is_final=True)
        if heard is None:
            heard = _Heard([], self._asked.choice.language or "")
        words = self._agreement.keep(heard.words)
        # What was told of the utterance must be told to have ended, even if by no more words.
        if words or self._shown or self._overlap:
            said = self._said(words, heard.language, start_ms, max(start_ms, place.speech_end_ms))
            await self._tell_final(replace(said, utterance_end=True), heard.tags, started_s)
        self._begin_sentence()
        await self._tell(SpeechEnded(self._channel, place.speech_end_ms / 1000))

    async def _drafted(self, start_ms: int, speech_end_ms: int) -> _Heard | None:
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
        heard = await self._recognize(start_ms, end_ms, is_final=True)
        words = self._agreement.keep(heard.words)
        sound = self._tape.part(start_ms, end_ms)
        count, cut_s = choose_cut(words, sound, start_ms / 1000, len(self._agreement.stable))
        cut_ms = min(max(start_ms, round(cut_s * 1000)), end_ms)
        if count:
            said = self._said(words[:count], heard.language, start_ms, cut_ms)
            await self._tell_final(said, heard.tags, started_s)
        told = [*(self._overlap.told if self._overlap else ()), *words[:count]]
        place.cut(cut_ms)
        self._begin_sentence(overlap(told, cut_ms / 1000))

    async def _recognize(self, start_ms: int, end_ms: int, *, is_final: bool) -> _Heard:
        from_ms = self._from_ms(start_ms)
        sound = self._tape.part(from_ms, end_ms)
        recognition = await self._hearing.recognize(sound, self._asked, is_final=is_final)
        words = [
            Word(
                word.text,
                word.start_s + from_ms / 1000,
                word.end_s + from_ms / 1000,
                word.probability,
            )
            for word in recognition.best.words
            if word.text
        ]
        return _Heard(words, recognition.language, recognition.tags)

    def _said(self, words: Sequence[Word], language: str, start_ms: int, end_ms: int) -> Said:
        return Said(
            channel=self._channel,
            text=text_in(words, language),
            words=tuple(words),
            start_s=start_ms / 1000,
            end_s=end_ms / 1000,
            language=language,
            confidence=sum(word.confidence for word in words) / len(words) if words else 0.0,
            model=self._asked.choice.model.name,
        )

    async def _tell_final(self, said: Said, voice: Tags, started_s: float) -> None:
        """`voice`: what it tells."""
        options = self._asked.options
        words = tuple(await self._hearing.write(said.words, said.language, options))
        sound = self._tape.part(round(said.start_s * 1000), round(said.end_s * 1000))
        embedding = None
        if options.speaker_embedding and sound.size:
            embedding = tuple((await self._hearing.embed(sound)).tolist())
        told = replace(
            said,
            words=words,
            text=text_in(words, said.language),
            is_final=True,
            parts=await self._by_speaker(said, words) if options.diarize else (),
            speaker_embedding=embedding,
        )
        told = await self._tagged(told, voice) if words else told
        process_ms = round((time.perf_counter() - started_s) * 1000)
        await self._tell(replace(told, process_ms=process_ms))

    async def _tagged(self, said: Said, voice: Tags) -> Said:
        """Where several speak, what their voices tell together is told of the whole alone."""
        model, wanted = self._asked.choice.model, self._asked.options.intent_label_list
        texts = [said.text, *(text_in(part.words, said.language) for part in said.parts)]
        words = await self._hearing.tag_words(texts, said.language, self._asked)
        whole = voice_tags(voice, model)
        voices = [whole, *(whole if len(said.parts) == 1 else {} for _ in said.parts)]
        tags = [
            told_tags(of_voice, of_words, wanted)
            for of_voice, of_words in zip(voices, words, strict=True)
        ]
        parts = zip(said.parts, tags[1:], strict=True)
        return replace(
            said,
            tags=tags[0],
            parts=tuple(replace(part, tags=own) for part, own in parts),
        )

    async def _by_speaker(self, said: Said, words: Sequence[Word]) -> tuple[SpeakerPart, ...]:
        speakers = self._speakers
        if speakers is None or not words:
            return ()
        span = SpeechSpan(0.0, said.end_s - said.start_s)
        sound = self._tape.part(round(said.start_s * 1000), round(said.end_s * 1000))
        turns = await self._hearing.tell_apart(speakers, span, sound)
        turns = [
            replace(turn, start_s=turn.start_s + said.start_s, end_s=turn.end_s + said.start_s)
            for turn in turns
        ]
        return tuple(
            SpeakerPart(speaker or 0, tuple(part)) for speaker, part in by_speaker(words, turns)
        )
