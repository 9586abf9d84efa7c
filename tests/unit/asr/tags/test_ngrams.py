"""A text is cut the same way today as on the day the weights were trained."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from app.asr.tags.ngrams import MOST_WORDS, ROWS, pieces_of, words_of


def test_words_are_small_latin_and_numbers_are_one() -> None:
    said = "Don’t pay ₹4,200 TODAY... नहीं!"
    assert words_of(said) == ["don't", "pay", "0", "0", "today", "nahin"]


def test_the_numbers_of_pieces_never_change() -> None:
    """They are rows of the table in `onnx_models/word-tags`."""
    assert pieces_of("hi") == (38787, 64950, 53209, 36560)


def test_the_numbers_do_not_depend_on_the_process() -> None:
    told = "from app.asr.tags.ngrams import pieces_of; print(pieces_of('installment'))"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", told],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(pieces_of("installment"))


def test_spellings_of_one_sound_share_their_pieces() -> None:
    for one, other in (("theek", "thik"), ("doonga", "dunga"), ("accha", "acha")):
        assert pieces_of(one)[1:] == pieces_of(other)[1:]
        assert pieces_of(one)[0] != pieces_of(other)[0]


@given(st.text())
def test_any_text_can_be_cut(text: str) -> None:
    words = words_of(text)
    assert len(words) <= MOST_WORDS
    for word in words:
        assert pieces_of(word)
        assert all(1 <= number <= ROWS for number in pieces_of(word))


def test_a_very_long_text_is_cut_off() -> None:
    assert len(words_of("word " * 10_000)) == MOST_WORDS
    assert len(pieces_of(words_of("a" * 1_000_000)[0])) < 100
