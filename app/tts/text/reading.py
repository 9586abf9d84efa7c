"""From a text to the sentences, words and sounds that say it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.tts.speech import Sentence, SpokenWord
from app.tts.text.breaks import longer, stretches
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
        hundreds: bool = False,
    ) -> Iterator[Sentence]:
        """Nothing where nothing in the text can be said. Ranges are places in `text`; `hundreds`
        is what `Manner` says."""
        tongues = tongues_of(hundreds=hundreds)
        last: Sentence | None = None
        for begin, end, pause_s in stretches(text):
            cleaned = clean(text[begin:end], begin)
            for first, stop in split(cleaned.text):
                for sentence in self._sentence(cleaned, (first, stop), language, lexicon, tongues):
                    if last:
                        yield last
                    last = sentence
            if last and pause_s:
                last = longer(last, pause_s)
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
