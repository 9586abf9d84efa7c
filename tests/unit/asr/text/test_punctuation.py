"""The fallback by rules: sentences at pauses, questions by their words, casing."""

import pytest

from app.asr.text.itn.normalize import normalize
from app.asr.text.punctuation import punctuate
from app.asr.text.words import Word, text_of
from tests.unit.asr.text.speech import timed


def written(sentence: str, *pauses_s: tuple[int, float], language: str = "en") -> str:
    return text_of(punctuate(timed(sentence, *pauses_s), language))


@pytest.mark.inventory("WH-046")
@pytest.mark.parametrize(
    ("sentence", "pauses_s", "expected"),
    [
        ("hello there i think we go", [(2, 1.0)], "Hello there. I think we go."),
        ("what do you want", [], "What do you want?"),
        ("are you there yes i am", [(3, 0.9)], "Are you there? Yes I am."),
        ("if you want i'm free on monday", [(3, 0.5)], "If you want, I'm free on Monday."),
        ("i went to the shop", [(4, 1.2)], "I went to the shop."),
        ("ok", [], "Ok."),
        ("what", [], "What."),
    ],
)
def test_english(sentence: str, pauses_s: list[tuple[int, float]], expected: str) -> None:
    assert written(sentence, *pauses_s) == expected


def test_hindi_ends_with_a_danda() -> None:
    assert written("मैं घर गया", language="hi") == "मैं घर गया।"
    assert written("आप कहाँ हैं", language="hi") == "आप कहाँ हैं?"
    assert written("main ghar gaya", language="hi") == "Main ghar gaya."


def test_words_with_punctuation_come_back_as_they_are() -> None:
    words = timed("hello, i am here")
    assert punctuate(words, "en") == words


def test_times_and_what_was_said_are_kept() -> None:
    (word,) = punctuate([Word("hello", 1.0, 2.0, 0.5)], "en")
    assert word == Word("Hello.", 1.0, 2.0, 0.5, spoken="hello")


def test_addresses_keep_their_letters() -> None:
    assert written("john.doe@gmail.com is mine") == "john.doe@gmail.com is mine."


def test_normalized_words_are_punctuated_and_keep_what_was_said() -> None:
    words = normalize(
        timed("we met on may fifth twenty twenty four it cost ten dollars", (8, 0.9)), "en"
    )
    written = punctuate(words, "en")
    assert text_of(written) == "We met on May 5, 2024. It cost $10."
    assert written[-1].raw == "ten dollars"
