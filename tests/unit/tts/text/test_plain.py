"""Text for vendors, who read for themselves."""

import pytest

from app.tts.speech import Sentence
from app.tts.text.breaks import PARAGRAPH_S
from app.tts.text.lexicon import Lexicon, Pronunciation
from app.tts.text.plain import read_plainly


def texts_of(sentences: list[Sentence]) -> list[str]:
    return [" ".join(word.text for word in sentence.words) for sentence in sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $3.50 at 5:30. OK?", ["It costs $3.50 at 5:30.", "OK?"]),
        ("வணக்கம் உலகம். நன்றி!", ["வணக்கம் உலகம்.", "நன்றி!"]),
        ("नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
        ("مرحبا بالعالم؟ نعم", ["مرحبا بالعالم؟", "نعم"]),
        ("😀 !", []),
        ("", []),
    ],
)
def test_every_letter_stays_as_it_was_written(text: str, expected: list[str]) -> None:
    sentences = list(read_plainly(text))
    assert texts_of(sentences) == expected
    for sentence in sentences:
        assert all(text[word.begin : word.end] == word.text for word in sentence.words)


def test_breaks_are_pauses_and_no_text() -> None:
    sentences = list(read_plainly('One.<break time="2s"/>Two.\n\nThree.'))
    assert texts_of(sentences) == ["One.", "Two.", "Three."]
    assert [sentence.pause_s for sentence in sentences] == [2.0, PARAGRAPH_S, 0.0]


def test_respellings_are_read_and_sounds_are_not() -> None:
    lexicon = Lexicon((Pronunciation("SBI", "ess bee eye"), Pronunciation("EMI", sounds="ˈiːmi")))
    text = "Your SBI, and EMI."
    (sentence,) = read_plainly(text, lexicon)
    assert texts_of([sentence]) == ["Your ess bee eye, and EMI."]
    places = [text[word.begin : word.end] for word in sentence.words]
    assert places == ["Your", "SBI,", "SBI,", "SBI,", "and", "EMI."]
