"""KenLM models as files: what they hold, and how likely they find a sentence."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kenlm  # pyright: ignore[reportMissingTypeStubs]

from app.asr.text.folding import bare
from app.core.errors import Unavailable

WORDS_SUFFIX = ".words"
MARKS = frozenset(("<s>", "</s>", "<unk>"))
"""What models call the ends of a sentence and the words they never saw: no words of a text."""
_LN_10 = 2.302585092994046
_kenlm: Any = kenlm


class LanguageModelInvalid(Unavailable):
    """The file is no KenLM model."""


def lm_form(text: str) -> str:
    """Text as language models are trained on and asked about: small letters, no punctuation."""
    small = unicodedata.normalize("NFC", text.lower().replace("\u2019", "'").replace("-", " "))
    words = (bare(word)[1] for word in small.split())
    return " ".join(word for word in words if any(map(str.isalnum, word)) and word not in MARKS)


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """`words` are those it knows; None where the file does not tell."""

    path: Path
    words: tuple[str, ...] | None
    _model: Any = field(repr=False, compare=False)

    @property
    def order(self) -> int:
        return int(self._model.order)

    def begin(self) -> Any:
        """Where a sentence begins; for `follow`."""
        state = _kenlm.State()
        self._model.BeginSentenceWrite(state)
        return state

    def follow(self, before: Any, word: str) -> tuple[float, Any]:
        """The natural logarithm of `word` after `before`, and where that leads."""
        after = _kenlm.State()
        return float(self._model.BaseScore(before, word, after)) * _LN_10, after

    def log_probability(self, text: str) -> float:
        """Natural logarithm, of the whole sentence with its ends."""
        return float(self._model.score(text, bos=True, eos=True)) * _LN_10


def open_language_model(path: Path) -> LanguageModel:
    """ARPA or KenLM's binary form; beside a binary one its words lie in `FILE.words`."""
    config = _kenlm.Config()
    config.show_progress = False
    config.arpa_complain = _kenlm.ARPALoadComplain.NONE
    try:
        model = _kenlm.LanguageModel(str(path), config)
    except (OSError, RuntimeError) as error:
        raise LanguageModelInvalid(f"{path.name} is no language model: {error}") from error
    return LanguageModel(path, _words(path), model)


def _words(path: Path) -> tuple[str, ...] | None:
    listed = path.with_name(path.name + WORDS_SUFFIX)
    if listed.is_file():
        return tuple(listed.read_text("utf-8").split("\n")[:-1])
    if path.suffix != ".arpa":
        return None
    with path.open(encoding="utf-8") as lines:
        return tuple(arpa_words(lines))


def arpa_words(lines: Iterable[str]) -> Iterable[str]:
    """The words of an ARPA file, without the marks of ends and of the unknown."""
    is_inside = False
    for line in lines:
        if line.startswith("\\"):
            if is_inside:
                return
            is_inside = line.startswith("\\1-grams:")
        elif is_inside and line.strip():
            word = line.split("\t")[1].strip()
            if not (word.startswith("<") and word.endswith(">")):
                yield word
