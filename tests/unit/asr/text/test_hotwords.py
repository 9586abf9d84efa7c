"""Hotwords in the spelling they were given in."""

import pytest

from app.asr.text.hotwords import spell_hotwords
from app.asr.text.words import text_of
from tests.unit.asr.text.speech import timed

HOTWORDS = ["LoanTap", "GoBoult", "EMI", "New Delhi"]


@pytest.mark.inventory("WH-058")
@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("call loan tap about the e m i", "call LoanTap about the EMI"),
        ("loantap, please", "LoanTap, please"),
        ("go-boult is here", "GoBoult is here"),
        ("in new delhi.", "in New Delhi."),
        ("the loan, tap it", "the loan, tap it"),
        ("my enemies are remixed", "my enemies are remixed"),
        ("", ""),
    ],
)
def test_hotwords_are_spelled_as_given(heard: str, written: str) -> None:
    assert text_of(spell_hotwords(timed(heard), HOTWORDS)) == written


def test_the_times_of_all_its_words_are_kept() -> None:
    words = timed("loan tap")
    (word,) = spell_hotwords(words, HOTWORDS)
    assert (word.start_s, word.end_s, word.raw) == (words[0].start_s, words[1].end_s, "loan tap")
