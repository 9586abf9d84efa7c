"""What a beam search is asked for and what it finds, whichever library does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.asr.engines.ctc.vocabulary import Scores, Spoken
from app.asr.language_model import LanguageModel

Mode = Literal["greedy", "balanced", "strict"]

STRICTNESS = 3.0
UNKNOWN_WORD = -10.0
LEAST_TOKEN = -5.0
"""A token less likely than this is not tried, unless it is the likeliest of its frame."""
LEAST_BEAM = -10.0
"""A beam this far behind the best is dropped."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """`greedy` takes the best path, `balanced` searches with the weights as given, `strict` with
    three times the weight of the language model."""

    use_lm: bool = True
    mode: Mode = "balanced"
    beam_width: int = 100
    alpha: float = 0.1
    beta: float = 0.5
    n_best: int = 1
    hotwords: tuple[str, ...] = ()
    hotword_weight: float = 10.0

    @property
    def is_greedy(self) -> bool:
        """Hotwords and alternatives take a search, whatever the mode."""
        return self.mode == "greedy" and not self.hotwords and self.n_best == 1

    @property
    def weight(self) -> float:
        return self.alpha * STRICTNESS if self.mode == "strict" else self.alpha


@dataclass(frozen=True, slots=True)
class Beam:
    text: str
    words: tuple[Spoken, ...]
    acoustic_score: float
    score: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """A language model and its weights, which libraries build into their decoders."""

    model: LanguageModel
    alpha: float
    beta: float


class Decoder(Protocol):
    def beams(self, scores: Scores, options: SearchOptions) -> list[Beam]:
        """The likeliest first, at most `n_best`. Hotwords are in the form of language models."""
        ...


class Library(Protocol):
    def __call__(self, labels: Sequence[str], fusion: Fusion | None) -> Decoder: ...
