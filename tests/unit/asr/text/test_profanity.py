"""What is masked, and what must never be."""

import pytest

from app.asr.text.profanity import LANGUAGES, mask_profanity, word_list
from app.asr.text.words import Word, text_of
from tests.unit.asr.text.speech import timed


def masked(sentence: str, language: str) -> str:
    return text_of(mask_profanity(timed(sentence), language))


@pytest.mark.inventory("WH-062")
@pytest.mark.parametrize(
    ("language", "sentence", "shown"),
    [
        ("en", "What the fuck, man!", "What the f***, man!"),
        ("en", "FUCKING bullshit.", "F****** b*******."),
        ("en", '"Shit!"', '"S***!"'),
        ("en", "a half-ass job", "a h******* job"),
        ("en", "you son of a bitch", "you s** o* a b****"),
        ("hi", "चूतिया है", "च***** है"),
        ("hi", "bhosdike what the fuck", "b******* what the f***"),
        ("hi", "हरामज़ादे", "ह********"),
    ],
)
def test_profane_words_keep_their_first_letter(language: str, sentence: str, shown: str) -> None:
    assert masked(sentence, language) == shown


@pytest.mark.parametrize(
    "sentence",
    [
        "Scunthorpe Penistone Cockburn Dickens Essex Lightwater",
        "the class assessed a bass assassin in the passage",
        "shiitake mushrooms and cocktails",
        "a therapist analysed the title of the document",
        "he was pricked by a thorn and pushed the button",
        "Mr. Dick Van Dyke sat on the grass",
        "matsushita and shitake",
        "Hancock peacock woodcock basement",
    ],
)
def test_innocent_words_are_left(sentence: str) -> None:
    assert masked(sentence, "en") == sentence


def test_what_was_said_before_normalization_is_masked_too() -> None:
    (word,) = mask_profanity([Word("Fuck", 0, 1, spoken="fuck")], "en")
    assert (word.text, word.raw) == ("F***", "F***")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_stem_begins_a_word_of_plain_english(language: str) -> None:
    stems = word_list(language).stems
    assert stems
    assert all(len(stem) >= 4 for stem in stems)


def test_a_language_without_a_list_has_the_english_one() -> None:
    assert masked("scheiß shit", "de") == "scheiß s***"
