"""Beam search over CTC scores, with KenLM and hotwords. Chooses the library that does it.

ctc-beam-decoder (C++) is many times as fast and gives the same beams as pyctcdecode, which runs
where the former has no build for the machine.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyctcdecode import decoder as portable_library  # pyright: ignore[reportMissingTypeStubs]

from app.asr.engines.ctc.vocabulary import Spoken
from app.asr.language_model import LanguageModel, lm_form

try:
    import ctc_beam_decoder as fast_library  # pyright: ignore[reportMissingTypeStubs]
except ImportError:
    fast_library = None

Mode = Literal["greedy", "balanced", "strict"]

DECODERS_KEPT = 4
STRICTNESS = 3.0
UNKNOWN_WORD = -10.0
_portable: Any = portable_library
_fast: Any = fast_library


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


class BeamSearch:
    """Of one vocabulary and at most one language model. Keeps a few decoders ready: the weights
    of the language model are built into them."""

    def __init__(self, labels: Sequence[str], language_model: LanguageModel | None) -> None:
        self._labels = list(labels)
        self._language_model = language_model
        self._decoders: OrderedDict[tuple[float, float] | None, Any] = OrderedDict()
        self._lock = Lock()
        self._build: Any = (_fast if has_fast() else _portable).build_ctcdecoder

    def name(self, options: SearchOptions) -> str:
        if options.is_greedy:
            return "greedy"
        return "beam_search_kenlm" if self._weights(options) else "beam_search"

    def beams(self, log_probabilities: NDArray[np.float32], options: SearchOptions) -> list[Beam]:
        """The likeliest first, at most `n_best`."""
        if not len(log_probabilities):
            return []
        found = self._decoder(self._weights(options)).decode_beams(
            log_probabilities,
            beam_width=options.beam_width,
            prune_history=options.n_best == 1,
            hotwords=[lm_form(hotword) for hotword in options.hotwords if lm_form(hotword)] or None,
            hotword_weight=options.hotword_weight,
        )
        return [
            Beam(
                text,
                tuple(Spoken(word, int(start), int(end)) for word, (start, end) in frames),
                float(acoustic_score),
                float(score),
            )
            for text, _, frames, acoustic_score, score in found[: options.n_best]
        ]

    def _weights(self, options: SearchOptions) -> tuple[float, float] | None:
        has_lm = self._language_model and options.use_lm and options.mode != "greedy"
        return (options.weight, options.beta) if has_lm else None

    def _decoder(self, weights: tuple[float, float] | None) -> Any:
        with self._lock:
            decoder = self._decoders.pop(weights, None) or self._new(weights)
            self._decoders[weights] = decoder
            if len(self._decoders) > DECODERS_KEPT:
                self._decoders.popitem(last=False)
        return decoder

    def _new(self, weights: tuple[float, float] | None) -> Any:
        if weights is None or self._language_model is None:
            return self._build(self._labels)
        return self._build(
            self._labels,
            kenlm_model_path=str(self._language_model.path),
            unigrams=self._language_model.words,
            alpha=weights[0],
            beta=weights[1],
            unk_score_offset=UNKNOWN_WORD,
        )


def has_fast() -> bool:
    """The library is there, and this machine can load it."""
    try:
        return _fast is not None and bool(_fast.has_kenlm())
    except (OSError, RuntimeError):
        return False
