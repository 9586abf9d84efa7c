"""Beam search over CTC scores, with KenLM and hotwords. Chooses the library that does it.

ctc-beam-decoder (C++) is many times as fast and gives the same beams as pyctcdecode, which runs
where the former has no build for the machine.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.ctc.beams import LEAST_TOKEN, Beam, Decoder, Fusion, Library, SearchOptions
from app.asr.engines.ctc.native import NativeDecoder, native_library
from app.asr.engines.ctc.portable import PortableDecoder
from app.asr.engines.ctc.vocabulary import Scores
from app.asr.language_model import LanguageModel, lm_form

DECODERS_KEPT = 4


class BeamSearch:
    """Of one vocabulary and at most one language model. Keeps a few decoders ready: the weights
    of the language model are built into them."""

    def __init__(self, labels: Sequence[str], language_model: LanguageModel | None) -> None:
        self._labels = list(labels)
        self._language_model = language_model
        self._decoders: OrderedDict[tuple[float, float] | None, Decoder] = OrderedDict()
        self._lock = Lock()
        self._library: Library = NativeDecoder if native_library() else PortableDecoder

    def name(self, options: SearchOptions) -> str:
        if options.is_greedy:
            return "greedy"
        return "beam_search_kenlm" if self._weights(options) else "beam_search"

    def beams(self, log_probabilities: Scores, options: SearchOptions) -> list[Beam]:
        """The likeliest first, at most `n_best`."""
        if not len(log_probabilities):
            return []
        forms = (lm_form(hotword) for hotword in options.hotwords)
        options = replace(options, hotwords=tuple(form for form in forms if form))
        steps = _Steps.of(log_probabilities)
        found = self._decoder(self._weights(options)).beams(
            log_probabilities[steps.starts], options
        )
        return [steps.in_frames(beam) for beam in found]

    def _weights(self, options: SearchOptions) -> tuple[float, float] | None:
        has_lm = self._language_model and options.use_lm and options.mode != "greedy"
        return (options.weight, options.beta) if has_lm else None

    def _decoder(self, weights: tuple[float, float] | None) -> Decoder:
        with self._lock:
            decoder = self._decoders.pop(weights, None) or self._new(weights)
            self._decoders[weights] = decoder
            if len(self._decoders) > DECODERS_KEPT:
                self._decoders.popitem(last=False)
        return decoder

    def _new(self, weights: tuple[float, float] | None) -> Decoder:
        if weights is None or self._language_model is None:
            return self._library(self._labels, None)
        return self._library(self._labels, Fusion(self._language_model, *weights))


@dataclass(frozen=True, slots=True)
class _Steps:
    """Frames in which a search has something to do.

    Where a single token is likely enough to be tried, and it is that of the frame before, every
    beam goes on as it is with the same loss: such frames are left out and nothing is lost.
    """

    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    left_out: float
    """The log-probability of the frames that are left out."""

    @classmethod
    def of(cls, scores: Scores) -> "_Steps":
        likeliest = scores.argmax(axis=1)
        is_single = (scores >= LEAST_TOKEN).sum(axis=1) <= 1
        repeats = np.zeros(len(scores), np.bool_)
        repeats[1:] = is_single[1:] & is_single[:-1] & (likeliest[1:] == likeliest[:-1])
        starts = np.flatnonzero(~repeats)
        left_out = float(scores[repeats].max(axis=1).sum())
        return cls(starts, np.append(starts[1:], len(scores)), left_out)

    def in_frames(self, beam: Beam) -> Beam:
        return replace(
            beam,
            words=tuple(
                replace(word, start=int(self.starts[word.start]), end=int(self.ends[word.end - 1]))
                for word in beam.words
            ),
            acoustic_score=beam.acoustic_score + self.left_out,
            score=beam.score + self.left_out,
        )
