"""`parley bench ctc`: beam search over the same made-up scores here and in pyctcdecode.

Made up as a model gives them: letters spelled with blanks between, drowned in noise.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyctcdecode import decoder as peer_library  # pyright: ignore[reportMissingTypeStubs]

from app.asr.engines.ctc.search import BeamSearch, SearchOptions
from app.asr.engines.ctc.vocabulary import log_softmax

LABELS = ["", " ", "'", *"abcdefghijklmnopqrstuvwxyz"]
SENTENCE = "in being comparatively modern printing is the art of the beautiful"
UTTERANCES = 12
BEAM_WIDTHS = (20, 100)
SURE, NOISE = 6.0, 1.5

Scores = NDArray[np.float32]
_peer: Any = peer_library


def run() -> Iterator[str]:
    every = [_scores(seed) for seed in range(UTTERANCES)]
    peer = _peer.build_ctcdecoder(LABELS)
    search = BeamSearch(LABELS, None)
    for width in BEAM_WIDTHS:
        options = SearchOptions(use_lm=False, beam_width=width)
        spent_s: list[float] = []
        texts: list[list[str]] = []
        ways: Sequence[Callable[[Scores], str]] = (
            lambda scores, options=options: search.beams(scores, options)[0].text,
            lambda scores, width=width: peer.decode(scores, beam_width=width),
        )
        for decode in ways:
            started = time.perf_counter()
            texts.append([decode(scores) for scores in every])
            spent_s.append(time.perf_counter() - started)
        equal = sum(ours == theirs for ours, theirs in zip(*texts, strict=True))
        yield f"beam width {width}: equal text in {equal} of {len(every)} utterances"
        yield f"beam width {width}, pyctcdecode time / ours: {spent_s[1] / spent_s[0]:.1f}"


def _scores(seed: int) -> Scores:
    random = np.random.default_rng(seed)
    spelled = [label for letter in SENTENCE for label in (LABELS.index(letter), 0, 0)]
    scores = random.normal(scale=NOISE, size=(len(spelled), len(LABELS))).astype(np.float32)
    scores[np.arange(len(spelled)), spelled] += SURE
    return log_softmax(scores)
