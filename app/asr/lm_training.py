"""Trains n-gram models of text, with no compiler: kaldingram counts, in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from app.asr.language_model import LanguageModel, arpa_words, lm_form, open_language_model
from app.asr.language_models import SUFFIXES
from app.core.errors import InvalidInput, Unavailable

ORDERS = range(2, 6)
"""KenLM takes no model of single words."""
_ZERO = "-99.0000000"
_UNKNOWN_BELOW_RAREST = 1.0
"""A word never seen is ten times less likely than the rarest one."""
_TRAINER = (sys.executable, "-m", "kaldingram.cli", "train")


class CorpusTooSmall(InvalidInput):
    """The text has too little to learn from."""


class TrainingFailed(Unavailable):
    """The trainer stopped; the message ends with what it said last."""


def train(text: Path, order: int, target: Path, say: Callable[[str], None]) -> LanguageModel:
    """An ARPA file of `text`, one sentence a line; words are folded and lose punctuation.

    Where no n-gram of the highest order is said twice there is nothing to estimate from: then the
    order is lowered.
    """
    refuse_impossible(order, target)
    if target.suffix != ".arpa":
        raise InvalidInput(f"{target.name}: kaldingram writes ARPA, into files named .arpa")
    with TemporaryDirectory() as folder:
        corpus, arpa = Path(folder, "corpus.txt"), Path(folder, "model.arpa")
        count = _write_corpus(text, corpus)
        if not count:
            raise CorpusTooSmall(f"{text} has no words")
        say(f"{count} sentences")
        while True:
            _run(order, corpus, arpa)
            lines = arpa.read_text("utf-8").split("\n")
            if not _is_degenerate(lines):
                break
            order -= 1
            if order not in ORDERS:
                raise CorpusTooSmall(f"{text}: too few words repeat to learn from")
            say(f"too few words repeat; the order is lowered to {order}")
        target.write_text("\n".join(_with_unknown(lines)), "utf-8")
    return open_language_model(target)


def refuse_impossible(order: int, target: Path) -> None:
    if order not in ORDERS:
        raise InvalidInput(f"order is {order}; {ORDERS[0]} to {ORDERS[-1]} are possible")
    if not target.parent.is_dir():
        raise InvalidInput(f"{target.parent} is not a directory")
    if target.suffix not in SUFFIXES:
        raise InvalidInput(f"{target.name}: a model is named {', '.join(SUFFIXES)}")


def sentences(text: Path) -> Iterator[str]:
    """Those that have words, in the form that models are trained on."""
    try:
        with text.open(encoding="utf-8") as lines:
            yield from filter(None, map(lm_form, lines))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{text} is not UTF-8: {error}") from error


def _write_corpus(text: Path, corpus: Path) -> int:
    count = 0
    with corpus.open("w", encoding="utf-8") as written:
        for sentence in sentences(text):
            written.write(f"{sentence}\n")
            count += 1
    return count


def _run(order: int, corpus: Path, arpa: Path) -> None:
    command = [*_TRAINER, "--ngram-order", str(order), "--text", str(corpus), "--lm", str(arpa)]
    finished = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if finished.returncode:
        last = finished.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise TrainingFailed(f"kaldingram failed: {last}")


def _is_degenerate(lines: list[str]) -> bool:
    """An n-gram that was seen has no probability."""
    return any(line.startswith(_ZERO) and not line.startswith(f"{_ZERO}\t<s>\t") for line in lines)


def _with_unknown(lines: list[str]) -> Iterator[str]:
    """KenLM takes a word that the file does not name for impossible; it is only unlikely."""
    words = set(arpa_words(lines))
    if not words:
        raise CorpusTooSmall("the text has too few words to learn from")
    start = lines.index("\\1-grams:")
    rarest = min(
        float(line.split("\t")[0])
        for line in lines[start : start + len(words) + 3]
        if line.count("\t") and line.split("\t")[1] in words
    )
    for number, line in enumerate(lines):
        if number < start and line.startswith("ngram 1="):
            yield f"ngram 1={int(line.removeprefix('ngram 1=')) + 1}"
        else:
            yield line
        if number == start:
            yield f"{rarest - _UNKNOWN_BELOW_RAREST:.7f}\t<unk>"
