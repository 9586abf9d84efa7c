"""From a text to the sentences, words and sounds that say it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.tts.speech import Sentence, SpokenWord
from app.tts.text.cleaning import Cleaned, clean
from app.tts.text.languages import Language, script_of, sentence_language, spoken_in
from app.tts.text.lexicon import EMPTY, Lexicon
from app.tts.text.sounds.alphabet import PAUSES
from app.tts.text.sounds.sounder import Sounders
from app.tts.text.splitting import split
from app.tts.text.written.grammar import say
from app.tts.text.written.said import Said
from app.tts.text.written.tongue import Tongue
from app.tts.text.written.tongues import tongues_of

PARAGRAPH_S = 0.4
LONGEST_BREAK_S = 10.0
_BREAK = re.compile(
    r"""<break(?:\s{1,9}(?:time\s?=\s?["']?(?P<n>\d{0,6}\.?\d{0,3})(?P<u>ms|s)["']?"""
    r"""|strength\s?=\s?["']?(?P<w>[a-z-]{1,10})["']?)){0,2}\s{0,9}/?>|\n[^\S\n]*\n\s*""",
    re.IGNORECASE,
)
_STRENGTHS = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.7,
    "x-strong": 1.2,
}
_ENDS = frozenset(".!?…")
_MOST_SOUNDS = 400
"""In one sentence; the model takes some more, with what it adds itself."""


class TextReader:
    """`folder` has misaki's dictionaries. May be used from any thread."""

    def __init__(self, folder: Path) -> None:
        self._sounders = Sounders(folder)

    def read(
        self,
        text: str,
        language: Language,
        lexicon: Lexicon = EMPTY,
        *,
        first_clause_words: int = 0,
        hundreds: bool = False,
    ) -> Iterator[Sentence]:
        """Nothing where nothing in the text can be said. Ranges are places in `text`.

        `first_clause_words`: the first sentence may be cut so early, to be heard sooner.
        `hundreds`: as `Manner` has it.
        """
        tongues = tongues_of(hundreds=hundreds)
        last: Sentence | None = None
        for begin, end, pause_s in _stretches(text):
            cleaned = clean(text[begin:end], begin)
            for first, stop in split(cleaned.text, first_clause_words=first_clause_words):
                for sentence in self._sentence(cleaned, (first, stop), language, lexicon, tongues):
                    if last:
                        yield last
                    last = sentence
                    first_clause_words = 0
            if last and pause_s:
                last = replace(last, pause_s=min(last.pause_s + pause_s, LONGEST_BREAK_S))
        if last:
            yield last

    def _sentence(
        self,
        cleaned: Cleaned,
        place: tuple[int, int],
        language: Language,
        lexicon: Lexicon,
        tongues: Mapping[str, Tongue],
    ) -> Iterator[Sentence]:
        """One, or more where it has more sounds than the model takes."""
        begin, end = place
        text = cleaned.text[begin:end]
        tongue = tongues[sentence_language(text, language).code]
        said = _say(text, tongue, lexicon)
        sounded: list[Said] = []
        for spoken, run in _by_language(said, language):
            if spoken:
                sounded += self._sounders(run, spoken)
        words: list[SpokenWord] = []
        for word in _with_marks(sounded):
            places = cleaned.place(begin + word.begin, begin + word.end)
            words.append(SpokenWord(word.text, *places, word.sounds))
        for group in _bounded(words):
            yield Sentence(tuple(group))


def unspoken_scripts(text: str, language: Language) -> set[str]:
    """Names of scripts in the text that nobody here can say, such as ARABIC."""
    return {
        unicodedata.name(letter, "UNKNOWN").split()[0]
        for letter in set(clean(text).text)
        if letter.isalpha() and not spoken_in(script_of(letter), language)
    }


def _stretches(text: str) -> Iterator[tuple[int, int, float]]:
    """Between breaks, and the pause behind each."""
    begin = 0
    for mark in _BREAK.finditer(text):
        yield begin, mark.start(), _pause_of(mark)
        begin = mark.end()
    yield begin, len(text), 0.0


def _pause_of(mark: re.Match[str]) -> float:
    if mark[0].isspace():
        return PARAGRAPH_S
    if mark["n"]:
        seconds = float(mark["n"].rstrip(".") or 0)
        return min(seconds / 1000 if mark["u"].lower() == "ms" else seconds, LONGEST_BREAK_S)
    return _STRENGTHS.get((mark["w"] or "medium").lower(), _STRENGTHS["medium"])


def _say(text: str, tongue: Tongue, lexicon: Lexicon) -> Iterator[Said]:
    begin = 0
    for first, end, entry in lexicon.find(text):
        yield from say(text, tongue, begin, first)
        if entry.sounds:
            yield Said(text[first:end], first, end, sounds=entry.spoken)
        else:
            for word in say(entry.respelling, tongue):
                if not word.is_mark:
                    yield replace(word, begin=first, end=end)
        begin = end
    yield from say(text, tongue, begin)


def _by_language(
    words: Iterator[Said], asked: Language
) -> Iterator[tuple[Language | None, list[Said]]]:
    """Runs of words in one language; marks and given sounds belong to the run before."""
    run: list[Said] = []
    current: Language | None = asked
    for word in words:
        if not (word.is_mark or word.sounds):
            spoken = spoken_in(script_of(word.text[0]), asked)
            if spoken is not current and run:
                yield current, run
                run = []
            current = spoken
        run.append(word)
    if run:
        yield current, run


def _with_marks(words: Sequence[Said]) -> Iterator[Said]:
    """Each word with the mark behind it; of several marks the strongest."""
    waiting: Said | None = None
    for word in words:
        if not word.is_mark:
            if waiting:
                yield waiting
            waiting = word if word.sounds else waiting
        elif waiting:
            waiting = _marked(waiting, word)
    if waiting:
        yield waiting


def _marked(word: Said, mark: Said) -> Said:
    """A full stop that is part of the sounds (Hindi has a sound "r.") is none of the marks."""
    last = word.text[-1]
    if last in _ENDS:
        return word
    end = mark.end if mark.begin == word.end else word.end
    if last in PAUSES and word.sounds[-1:] == last:
        word = replace(word, text=word.text[:-1], sounds=word.sounds[:-1])
    return replace(word, text=word.text + mark.text, sounds=word.sounds + mark.text, end=end)


def _bounded(words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    group: list[SpokenWord] = []
    size = 0
    for word in words:
        if group and size + len(word.sounds) > _MOST_SOUNDS:
            yield group
            group, size = [], 0
        group.append(word)
        size += len(word.sounds) + 1
    if group:
        yield group
