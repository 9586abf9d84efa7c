"""The beam search in use against pyctcdecode: equal beams on random scores."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyctcdecode.decoder import build_ctcdecoder

from app.asr.engines.ctc import search
from app.asr.engines.ctc.beams import Beam, SearchOptions
from app.asr.engines.ctc.native import native_library
from app.asr.engines.ctc.search import BeamSearch
from app.asr.engines.ctc.vocabulary import log_softmax
from app.asr.language_model import LanguageModel

LABELS = ["", " ", *"abcdghist"]
FREQUENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

fast_only = pytest.mark.skipif(
    not native_library(), reason="the fast library has no build for this machine"
)


def scores_of(seed: int, frames: int, sharpness: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(size=(frames, len(LABELS))).astype(np.float32)
    noise[:, 0] += 0.5
    return log_softmax(noise * np.float32(sharpness))


def held(seed: int, frames: int, sharpness: float) -> NDArray[np.float32]:
    """Most frames last, and nearly the same is said in them, as models do."""
    random = np.random.default_rng(seed)
    scores = np.repeat(
        scores_of(seed, frames, sharpness), random.integers(1, 6, size=frames), axis=0
    )
    return log_softmax(scores + random.normal(scale=0.1, size=scores.shape).astype(np.float32))


SEEDS = st.integers(0, 2**32 - 1)
scores = st.builds(scores_of, SEEDS, st.integers(1, 60), st.floats(0.5, 6.0)) | st.builds(
    held, SEEDS, st.integers(1, 25), st.floats(3.0, 12.0)
)
hotwords = st.lists(st.sampled_from(["cab", "dad", "bag had", "hat", "his"]), max_size=3)


def oracle(
    logits: NDArray[np.float32], options: SearchOptions, model: LanguageModel | None
) -> list[tuple[Any, ...]]:
    decoder = build_ctcdecoder(
        LABELS,
        kenlm_model_path=str(model.path) if model else None,
        unigrams=list(model.words or ()) if model else None,
        alpha=options.weight,
        beta=options.beta,
    )
    return decoder.decode_beams(
        logits,
        beam_width=options.beam_width,
        prune_history=options.n_best == 1,
        hotwords=list(options.hotwords) or None,
        hotword_weight=options.hotword_weight,
    )[: options.n_best]


def assert_equal(found: list[Beam], expected: list[tuple[Any, ...]]) -> None:
    assert [beam.text for beam in found] == [beam[0] for beam in expected]
    for beam, (_, _, frames, acoustic, score) in zip(found, expected, strict=True):
        assert [(word.text, (word.start, word.end)) for word in beam.words] == frames
        assert beam.acoustic_score == pytest.approx(float(acoustic), abs=1e-3)
        assert beam.score == pytest.approx(float(score), abs=1e-3)


@fast_only
@FREQUENT
@given(scores, hotwords, st.sampled_from([1, 5]), st.sampled_from([8, 100]))
def test_without_a_language_model(
    logits: NDArray[np.float32], words: list[str], n_best: int, beam_width: int
) -> None:
    options = SearchOptions(beam_width=beam_width, n_best=n_best, hotwords=tuple(words))
    assert_equal(BeamSearch(LABELS, None).beams(logits, options), oracle(logits, options, None))


@fast_only
@FREQUENT
@given(
    logits=scores,
    words=hotwords,
    alpha=st.sampled_from([0.1, 0.5, 2.0]),
    beta=st.sampled_from([0.0, 0.5, 1.5]),
    n_best=st.sampled_from([1, 5]),
)
def test_with_kenlm(
    language_model: LanguageModel,
    logits: NDArray[np.float32],
    words: list[str],
    alpha: float,
    beta: float,
    n_best: int,
) -> None:
    options = SearchOptions(
        alpha=alpha, beta=beta, n_best=n_best, hotwords=tuple(words), beam_width=40
    )
    assert_equal(
        BeamSearch(LABELS, language_model).beams(logits, options),
        oracle(logits, options, language_model),
    )


def test_the_portable_library_serves_where_the_fast_one_cannot(
    monkeypatch: pytest.MonkeyPatch, language_model: LanguageModel
) -> None:
    options = SearchOptions(n_best=3)
    logits = scores_of(3, 40, 3.0)
    usual = BeamSearch(LABELS, language_model).beams(logits, options)
    monkeypatch.setattr(search, "native_library", lambda: None)
    portable = BeamSearch(LABELS, language_model).beams(logits, options)
    assert [beam.text for beam in portable] == [beam.text for beam in usual]
