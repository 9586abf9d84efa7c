"""F1 of each mark and how many words have the right case, of `marks` and of the rules.

    PYTHONPATH=. python -m onnx_models.recipes.marks.evaluate onnx_models/marks CORPUS/heldout

Passages lose their marks and capitals, and no word has a pause after it.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import click

from app.asr.engines.marks import load_marks
from app.asr.text.folding import bare
from app.asr.text.marks import MARKS, STOPS
from app.asr.text.punctuation import punctuate
from app.asr.text.words import Word
from app.asr.utterances import Punctuate
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.marks.prepare import UNKNOWN, Lesson, casing_of, sentences

MOST_SENTENCES = 5
WORD_S = 0.3
ENDS = MARKS[STOPS]
HINDI = ("\u0900", "\u097f")
Passage = Sequence[Lesson]


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("heldout", type=click.Path(path_type=Path))
@click.option("--also", type=click.Path(path_type=Path), help="Sentences of Hindi, one a line.")
def evaluate(weights: Path, heldout: Path, also: Path | None) -> None:
    marks = load_marks(weights, OnnxRuntime("cpu", 1))
    prose = _passages(heldout / "marks.txt")
    few = _passages(heldout / "marks-few.txt")
    sets = {
        "English prose and chat": prose,
        "English and romanised calls": [each for each in few if not _is_hindi(each)],
        "Hindi": [each for each in few if _is_hindi(each)],
    }
    if also:
        sets["Hindi elsewhere"] = _passages(also)
    for name, passages in sets.items():
        click.echo(f"{name}: {sum(map(len, passages))} words, {len(passages)} passages")
        _report("marks", passages, marks.punctuate)
        _report("rules", passages, punctuate)


def _passages(text: Path) -> list[Passage]:
    """Of up to five sentences."""
    found: list[Passage] = []
    for passage in sentences(text.read_text("utf-8").splitlines()):
        left = iter(passage)
        while some := list(islice(left, MOST_SENTENCES)):
            found.append([lesson for sentence in some for lesson in sentence])
    return found


def _is_hindi(passage: Passage) -> bool:
    return any(HINDI[0] <= char <= HINDI[1] for lesson in passage for char in lesson.word)


def _report(name: str, passages: Sequence[Passage], punctuate: Punctuate) -> None:
    right: Counter[str] = Counter()
    put: Counter[str] = Counter()
    true: Counter[str] = Counter()
    cased, words = 0, 0
    for passage in passages:
        told = punctuate(_timed(passage), "hi" if _is_hindi(passage) else "en")
        for lesson, word in zip(passage, told, strict=True):
            _, text, trail = bare(word.text)
            mark, truth = trail.replace("।", "."), MARKS[lesson.mark]
            put[mark] += 1
            true[truth] += 1
            right[mark] += mark == truth
            right["end"] += mark in ENDS and truth in ENDS
            wanted = 1 if lesson.casing == UNKNOWN else lesson.casing
            if text.isascii():
                words += 1
                cased += casing_of(text) == wanted
    scores = "  ".join(f"{mark} {_f1(right[mark], put[mark], true[mark])}" for mark in MARKS[1:])
    every = (sum(count[mark] for mark in ENDS) for count in (put, true))
    ends = _f1(right["end"], *every)
    casing = f"{cased / words:.1%}" if words else "-"
    click.echo(f"  {name}: F1  {scores}  sentence ends {ends}  casing {casing}")


def _timed(passage: Passage) -> list[Word]:
    return [Word(lesson.word, at * WORD_S, (at + 1) * WORD_S) for at, lesson in enumerate(passage)]


def _f1(right: int, put: int, true: int) -> str:
    return f"{200 * right / (put + true):.1f} %" if put + true else "-"


if __name__ == "__main__":
    evaluate()
