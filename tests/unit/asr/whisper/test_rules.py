"""No answer repeats itself, none is longer than anybody speaks, hotwords are pulled in."""

import numpy as np
import pytest

from app.asr.engines.whisper.rules import (
    LONGEST_ANSWER,
    Hotwords,
    TokenRules,
    log_softmax,
    token_budget,
)
from app.asr.engines.whisper.tokens import Tokens
from tests.unit.asr.whisper.conftest import END, letters


@pytest.fixture
def rules(tokens: Tokens) -> TokenRules:
    return TokenRules(tokens, never=letters("x"), never_first=[*letters(" "), END])


def even(tokens: Tokens, rows: int) -> np.ndarray:
    return np.zeros((rows, tokens.count), np.float32)


def test_odds_sum_to_one_over_what_is_allowed(rules: TokenRules, tokens: Tokens) -> None:
    odds = np.exp(rules.log_probabilities(even(tokens, 2), [letters("a"), []]))
    np.testing.assert_allclose(odds.sum(axis=-1), 1, rtol=1e-4)
    assert not odds[:, letters("x")].any()
    assert not odds[:, END + 1 :].any(), "special tokens are no text"
    assert odds[0, END] > 0
    assert odds[1, END] == 0, "something must be said before the end"


@pytest.mark.parametrize(
    ("said", "next_one", "allowed"),
    [
        ("abcdabc", "d", False),
        ("abcdabc", "e", True),
        ("aaaa", "a", False),
        ("aaa", "a", True),
        ("abcdbc", "d", True),
    ],
)
def test_no_four_tokens_come_twice(
    rules: TokenRules, tokens: Tokens, said: str, next_one: str, allowed: bool
) -> None:
    odds = rules.log_probabilities(even(tokens, 1), [letters(said)])
    assert bool(np.isfinite(odds[0, letters(next_one)[0]])) is allowed


def test_the_budget_grows_with_the_sound_and_has_an_end() -> None:
    assert token_budget(0, "en") == 8
    assert token_budget(4, "en") == 28
    assert token_budget(1000, "en") == LONGEST_ANSWER


def test_the_budget_is_that_of_the_script() -> None:
    budgets = [token_budget(4, language) for language in ("en", "de", "hi", "ml")]
    assert budgets == sorted(set(budgets)), "Devanagari takes more tokens, Malayalam most"
    assert token_budget(4, "de") == token_budget(4, "zh")


def test_hotwords_pull_more_once_they_have_begun() -> None:
    words = Hotwords([letters("abc"), letters("xy")], weight=4.0)
    pulled = np.zeros((3, 128), np.float32)
    words.add_to(pulled, [[], letters("zab"), letters("q")])
    first = {*letters("ax")}
    assert {int(at) for at in np.flatnonzero(pulled[0])} == first
    assert pulled[1, letters("c")[0]] == 4.0 > pulled[1, letters("a")[0]] > 0
    assert {int(at) for at in np.flatnonzero(pulled[2])} == first


def test_hotwords_of_no_letters_pull_nothing() -> None:
    scores = np.ones((1, 8), np.float32)
    Hotwords([[], []], weight=4.0).add_to(scores, [[1]])
    assert (scores == 1).all()


def test_log_softmax_bears_impossible_tokens() -> None:
    odds = log_softmax(np.array([[0, -np.inf, 1000]], np.float32))
    np.testing.assert_array_equal(np.exp(odds), [[0, 0, 1]])
