"""What the options of the search do to what is heard."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from app.asr.engines.ctc.beams import Mode, SearchOptions
from app.asr.engines.ctc.search import BeamSearch
from app.asr.engines.ctc.vocabulary import log_softmax
from app.asr.language_model import LanguageModel

MODES: tuple[Mode, ...] = ("greedy", "balanced", "strict")
LABELS = ["", " ", *"abcdghist"]


def heard(*frames: str) -> NDArray[np.float32]:
    """Each frame is a letter, or several that are equally likely; `_` is blank."""
    scores = np.full((len(frames), len(LABELS)), -8.0, np.float32)
    for row, letters in enumerate(frames):
        for letter in letters:
            scores[row, LABELS.index("" if letter == "_" else letter)] = 4.0
    return log_softmax(scores)


AMBIGUOUS = heard("d", "a", "d", " ", "h", "a", "d", " ", "a", " ", "b", "a", "gd")


@pytest.mark.inventory("WH-048", "WH-051")
def test_the_language_model_decides_what_sound_leaves_open(language_model: LanguageModel) -> None:
    search = BeamSearch(LABELS, language_model)
    options = SearchOptions(alpha=1.0, beta=0.5)
    assert search.beams(AMBIGUOUS, options)[0].text == "dad had a bag"
    assert search.name(options) == "beam_search_kenlm"


@pytest.mark.inventory("WH-049", "WH-052")
def test_strict_weighs_the_model_more(language_model: LanguageModel) -> None:
    search = BeamSearch(LABELS, language_model)
    logits = AMBIGUOUS.copy()
    logits[-1, LABELS.index("d")] += 0.9
    texts = {
        mode: search.beams(logits, SearchOptions(mode=mode, alpha=0.4))[0].text for mode in MODES
    }
    assert texts == {
        "greedy": "dad had a bad",
        "balanced": "dad had a bad",
        "strict": "dad had a bag",
    }


def test_greedy_and_use_lm_false_leave_the_model_out(language_model: LanguageModel) -> None:
    search = BeamSearch(LABELS, language_model)
    assert search.name(SearchOptions(mode="greedy")) == "greedy"
    assert search.name(SearchOptions(mode="greedy", hotwords=("bag",))) == "beam_search"
    assert search.name(SearchOptions(use_lm=False)) == "beam_search"


@pytest.mark.inventory("WH-058", "WH-059")
def test_a_hotword_wins_where_sound_leaves_it_open() -> None:
    search = BeamSearch(LABELS, None)
    for hotword in ("bag", "bad"):
        options = SearchOptions(hotwords=(hotword,))
        assert search.beams(AMBIGUOUS, options)[0].text.endswith(hotword)


@pytest.mark.inventory("WH-063", "WH-085")
def test_alternatives_are_ordered_and_different() -> None:
    beams = BeamSearch(LABELS, None).beams(AMBIGUOUS, SearchOptions(n_best=2))
    assert {beam.text for beam in beams} == {"dad had a bag", "dad had a bad"}
    assert beams[0].score >= beams[1].score


def test_no_frames_give_no_beams() -> None:
    nothing = np.zeros((0, len(LABELS)), np.float32)
    assert BeamSearch(LABELS, None).beams(nothing, SearchOptions()) == []


def test_many_threads_share_one_search(language_model: LanguageModel) -> None:
    search = BeamSearch(LABELS, language_model)
    options = SearchOptions(n_best=3, hotwords=("cab",))
    random = np.random.default_rng(1)
    clips = [
        log_softmax(random.normal(size=(80, len(LABELS))).astype(np.float32) * 2) for _ in range(16)
    ]
    alone = [search.beams(clip, options) for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda clip: search.beams(clip, options), clips * 4))
    assert together == alone * 4
