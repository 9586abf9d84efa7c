"""A language model speaks as soon as a word is complete, and once of each."""

import numpy as np
import pytest

from app.asr.engines.whisper.fusion import WordFusion
from app.asr.engines.whisper.tokens import Tokens
from app.asr.language_model import LanguageModel
from app.asr.lm_training import train
from app.asr.recognition import Fusion
from tests.unit.asr.whisper.conftest import letters

CORPUS = "go home now\ngo home then\ngo on now\nstay home\n"


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "corpus.txt").write_text(CORPUS)
    return train(folder / "corpus.txt", 2, folder / "model.arpa", print)


def added(tokens: Tokens, language_model: LanguageModel, said: str) -> np.ndarray:
    scores = np.zeros((1, tokens.count), np.float32)
    fusion = WordFusion(tokens, language_model, Fusion(alpha=0.5, beta=0.25))
    fusion.add_to(scores, [letters(said)])
    return scores[0]


def score(language_model: LanguageModel, before: str, word: str) -> float:
    """What the model and the reward for a word add, for the last of some words."""
    state = language_model.begin()
    for each in before.split():
        _, state = language_model.follow(state, each)
    return 0.5 * language_model.follow(state, word)[0] + 0.25


def test_what_completes_a_word_is_as_likely_as_that_word(
    tokens: Tokens, language_model: LanguageModel
) -> None:
    (space,) = letters(" ")
    for said, before, word in (("go", "", "go"), ("go home", "go", "home"), ("go x", "go", "x")):
        found = added(tokens, language_model, said)
        expected = score(language_model, before, word)
        assert found[space] == pytest.approx(expected, abs=1e-4)
        assert found[tokens.end] == found[space]
        assert found[letters("-")[0]] == found[space], "a hyphen parts words as well"
        assert not found[letters("e")].any(), "the word may go on"
    assert score(language_model, "go", "home") > score(language_model, "go", "x")


def test_marks_and_capitals_are_not_the_models(
    tokens: Tokens, language_model: LanguageModel
) -> None:
    plain = added(tokens, language_model, "go home")
    np.testing.assert_array_equal(added(tokens, language_model, "Go Home!"), plain)


@pytest.mark.parametrize("said", ["", "go ", "go !"])
def test_no_word_adds_nothing(tokens: Tokens, language_model: LanguageModel, said: str) -> None:
    assert not added(tokens, language_model, said).any()


def test_rows_are_told_apart(tokens: Tokens, language_model: LanguageModel) -> None:
    scores = np.zeros((2, tokens.count), np.float32)
    fusion = WordFusion(tokens, language_model, Fusion())
    fusion.add_to(scores, [letters("go home"), letters("go zebra")])
    assert scores[0, tokens.end] > scores[1, tokens.end]
