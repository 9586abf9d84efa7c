"""Words without marks and capitals, and what was there: the lessons of `marks`.

    PYTHONPATH=. python -m onnx_models.recipes.marks.prepare TRAIN/marks.txt TRAIN/marks-few.txt OUT

Of what `texts/collect.py` wrote.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from app.asr.text.folding import bare
from app.asr.text.marks import CAPITAL, CAPITALS, LOWER, MARKS, features

SEED = 4
UNKNOWN = -1
"""The casing of a word that begins a sentence."""
_AS_COMMAS = re.compile(r";|:(?=\s|$)|[\u2013\u2014]|--+| - |…")
_LEFT_OUT = re.compile(r"[\"“”()\[\]*_#<>{}|~^=\\/]|'(?=\s|$)|(?<=\s)'|^'")
_SHORTENED = re.compile(r"(?:mr|mrs|ms|dr|st|no|vs|etc|jr|sr|[a-z](?:\.[a-z])*)\.")
_WORD = re.compile(r"[\w$₹€£%&'@.:+\u0900-\u0963\u200c\u200d-]+")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A word in small letters, the place of its mark in `MARKS`, and its casing."""

    word: str
    mark: int
    casing: int


def lessons(passage: str) -> list[Lesson]:
    """Of text that is written with care."""
    text = _LEFT_OUT.sub(" ", _AS_COMMAS.sub(", ", passage.replace("\u2019", "'")))
    found: list[Lesson] = []
    begins = True
    for token in text.split():
        _, word, trail = bare(token)
        if not _WORD.fullmatch(word) or not any(map(str.isalnum, word)):
            if found and token.strip() in {*MARKS[1:], "।"}:
                found[-1] = Lesson(found[-1].word, _mark(token), found[-1].casing)
                begins = found[-1].mark >= 2
            continue
        mark = 0 if _SHORTENED.fullmatch(token.lower()) else _mark(trail)
        found.append(Lesson(word.lower(), mark, UNKNOWN if begins else casing_of(word)))
        begins = mark >= 2
    return found


def _mark(trail: str) -> int:
    """The one that says the most of several."""
    said = trail.replace("।", ".")
    return next((MARKS.index(mark) for mark in "?!.," if mark in said), 0)


def casing_of(word: str) -> int:
    letters = [char for char in word if char.isalpha()]
    if not letters or not letters[0].isupper():
        return LOWER
    return CAPITALS if len(letters) > 1 and all(map(str.isupper, letters)) else CAPITAL


def sentences(passages: Sequence[str]) -> Iterator[list[list[Lesson]]]:
    """Of each passage, those that are ended by a mark."""
    for passage in passages:
        told: list[list[Lesson]] = [[]]
        for lesson in lessons(passage):
            told[-1].append(lesson)
            if lesson.mark >= 2:
                told.append([])
        if told[:-1]:
            yield told[:-1]


@click.command()
@click.argument("plenty", type=click.Path(path_type=Path))
@click.argument("few", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def prepare(plenty: Path, few: Path, target: Path) -> None:
    """`ends` says where sentences end, in words. Passages come in any order, for those that one
    template makes are much alike."""
    words: list[str] = []
    marks: list[int] = []
    casing: list[int] = []
    ends: list[int] = []
    few_from = 0
    choose = random.Random(SEED)  # noqa: S311
    for text in (plenty, few):
        few_from = len(words)
        passages = text.read_text("utf-8").splitlines()
        choose.shuffle(passages)
        for passage in sentences(passages):
            for sentence in passage:
                words += [lesson.word for lesson in sentence]
                marks += [lesson.mark for lesson in sentence]
                casing += [lesson.casing for lesson in sentence]
                ends.append(len(words))
    np.savez(
        target,
        features=features(words).astype(np.uint16),
        marks=np.array(marks, np.int8),
        casing=np.array(casing, np.int8),
        ends=np.array(ends),
        few_from=few_from,
    )
    click.echo(f"{len(words)} words, {len(ends)} sentences")


if __name__ == "__main__":
    prepare()
