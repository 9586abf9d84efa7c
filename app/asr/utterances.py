"""From recognized words to segments as they are shown: whose they are, how they are written, where
an utterance ends. Pure.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby

from app.asr.diarization import SpeakerTurn, speaker_label, speaker_of
from app.asr.domain import Decoding, Segment, TranscriptionRequest
from app.asr.recognition import Tag, Tags
from app.asr.tags.mean import mean_tags
from app.asr.text.entities import find_entities
from app.asr.text.hotwords import spell_hotwords
from app.asr.text.itn.normalize import normalize
from app.asr.text.profanity import mask_profanity
from app.asr.text.punctuation import has_punctuation
from app.asr.text.punctuation import punctuate as punctuate_by_rules
from app.asr.text.words import Word

Punctuate = Callable[[Sequence[Word], str], list[Word]]
"""Puts marks into words of a language that have none."""

LEAST_WORD_S = 0.01
"""Words whose times fall together were spoken all the same."""
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
_SENTENCE_ENDS = (".", "?", "!", "।", "。", "\uff1f", "\uff01")
_MARKS = ".,?!;:…।。\uff0c\uff1f\uff01、\"'“”\u2018\u2019«»¿¡()[]"


@dataclass(frozen=True, slots=True)
class UtteranceRules:
    """An utterance ends at a pause, and at the end of a sentence if a short pause follows or if
    it is long already."""

    pause_s: float = 0.8
    sentence_pause_s: float = 0.25
    long_s: float = 15.0


ONE_VOICE = UtteranceRules()
BY_SPEAKER = UtteranceRules(pause_s=2.0, sentence_pause_s=2.0, long_s=30.0)
"""Where speakers are told apart, what one says goes on until another speaks."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    word: Word
    language: str
    decoding: Decoding = field(default_factory=Decoding)
    tags: Tags = field(default_factory=dict[str, Tag])
    """Of the piece of sound that it was heard in."""


def space_of(language: str) -> str:
    """What stands between words."""
    return "" if language in UNSPACED else " "


def text_in(words: Sequence[Word], language: str) -> str:
    return space_of(language).join(word.text for word in words)


def write(
    words: Sequence[Word],
    language: str,
    request: TranscriptionRequest,
    punctuate: Punctuate = punctuate_by_rules,
) -> list[Word]:
    """As the request wants them written."""
    written = list(words) if request.punctuation else [_plain(word) for word in words]
    written = [word for word in written if word.text]
    if request.hotword_list:
        written = spell_hotwords(written, request.hotword_list)
    if request.itn:
        written = normalize(written, language)
    if request.punctuation and language not in UNSPACED:
        written = punctuate(written, language)
    return mask_profanity(written, language) if request.profanity_filter else written


def make_segments(
    spoken: Sequence[SpokenWord],
    turns: Sequence[SpeakerTurn] | None,
    request: TranscriptionRequest,
    punctuate: Punctuate = punctuate_by_rules,
) -> list[Segment]:
    """`turns`: who speaks when; None where nobody asked."""
    rules = ONE_VOICE if turns is None else BY_SPEAKER
    segments: list[Segment] = []
    for speaker, language, run in _runs(spoken, turns):
        label = None if turns is None else speaker_label(speaker or 0)
        written = write([each.word for each in run], language, request, punctuate)
        parts = list(_utterances(written, rules))
        heard = _parted(run, [words[0].start_s for words in parts])
        segments += (
            _segment(words, language, label, spoken)
            for words, spoken in zip(parts, heard, strict=True)
        )
    return segments


def unmarked_languages(
    spoken: Sequence[SpokenWord],
    turns: Sequence[SpeakerTurn] | None,
    request: TranscriptionRequest,
) -> set[str]:
    """Of the words that `make_segments` has to have marks put into."""
    return {
        language
        for _, language, run in _runs(spoken, turns)
        if request.punctuation and not has_punctuation([each.word for each in run])
    }


def _runs(
    spoken: Sequence[SpokenWord], turns: Sequence[SpeakerTurn] | None
) -> Iterator[tuple[int | None, str, list[SpokenWord]]]:
    """What one says in one language, until it is another's turn."""

    def voice(each: SpokenWord) -> tuple[int | None, str]:
        return speaker_of(each.word, turns) if turns else None, each.language

    for (speaker, language), run in groupby(spoken, key=voice):
        yield speaker, language, list(run)


def _parted(spoken: Sequence[SpokenWord], begins_s: Sequence[float]) -> list[list[SpokenWord]]:
    """By the segments that begin then."""
    parts: list[list[SpokenWord]] = [[] for _ in begins_s]
    for each in spoken if parts else ():
        parts[max(0, bisect_right(begins_s, each.word.start_s) - 1)].append(each)
    return parts


def _decoding(spoken: Sequence[SpokenWord]) -> Decoding:
    if not spoken:
        return Decoding()
    tokens = chain.from_iterable(each.decoding.tokens for each in spoken)
    return replace(spoken[0].decoding, tokens=tuple(tokens))


def _tags(spoken: Sequence[SpokenWord]) -> Tags:
    """Of the pieces it was heard in, by how long it is spoken in each."""
    by_piece = [list(piece) for _, piece in groupby(spoken, key=lambda each: id(each.tags))]
    return mean_tags([(piece[0].tags, _spoken_s(piece)) for piece in by_piece])


def _spoken_s(spoken: Sequence[SpokenWord]) -> float:
    lengths_s = (each.word.end_s - each.word.start_s for each in spoken)
    return sum(max(LEAST_WORD_S, length_s) for length_s in lengths_s)


def _segment(
    words: Sequence[Word], language: str, speaker: str | None, spoken: Sequence[SpokenWord]
) -> Segment:
    return Segment(
        start_s=words[0].start_s,
        end_s=max(word.end_s for word in words),
        text=text_in(words, language),
        confidence=sum(word.confidence for word in words) / len(words),
        words=tuple(words),
        language=language,
        speaker=speaker,
        entities=tuple(find_entities(words)),
        tags=_tags(spoken),
        decoding=_decoding(spoken),
    )


def _utterances(words: Sequence[Word], rules: UtteranceRules) -> Iterator[list[Word]]:
    utterance: list[Word] = []
    for word in words:
        if utterance and _ends(utterance, word, rules):
            yield utterance
            utterance = []
        utterance.append(word)
    if utterance:
        yield utterance


def _ends(utterance: Sequence[Word], following: Word, rules: UtteranceRules) -> bool:
    last = utterance[-1]
    pause_s = following.start_s - last.end_s
    if pause_s >= rules.pause_s:
        return True
    is_long = last.end_s - utterance[0].start_s >= rules.long_s
    return last.text.endswith(_SENTENCE_ENDS) and (is_long or pause_s >= rules.sentence_pause_s)


def _plain(word: Word) -> Word:
    """Small letters without marks, as a recognizer without punctuation gives them."""
    return replace(word, text=word.text.strip(_MARKS).lower(), spoken="")
