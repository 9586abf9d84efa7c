"""A text is cut the same way today as on the day the weights were trained."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from app.asr.tags.ngrams import (
    MOST_WORDS,
    ROWS,
    phrases_of,
    pieces_of,
    runs_of,
    sounds_of,
    words_of,
)


def test_words_are_small_latin_and_numbers_are_one() -> None:
    said = "Don\u2019t pay ₹4,200 TODAY... नहीं!"
    assert words_of(said) == ["don't", "pay", "0", "0", "today", "nahin"]


def test_the_numbers_never_change() -> None:
    """They are rows of the tables in `onnx_models/word-tags`."""
    assert runs_of("hi") == (32181, 3791, 20440)
    assert phrases_of(["hi"]) == [10924, 22846, 12332]
    sounds = sounds_of(["hi", "sir"])
    assert sounds == [11874, 22629, 15996]
    assert pieces_of(["hi", "sir"]) == [*runs_of("hi"), *runs_of("sir"), *sounds]


def test_the_numbers_do_not_depend_on_the_process() -> None:
    told = "from app.asr.tags.ngrams import runs_of; print(runs_of('installment'))"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", told],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(runs_of("installment"))


def test_spellings_of_one_sound_have_the_same_runs() -> None:
    for one, other in (("theek", "thik"), ("doonga", "dunga"), ("accha", "acha")):
        assert runs_of(one) == runs_of(other)
        assert phrases_of([one]) != phrases_of([other])


def test_what_is_misheard_by_its_consonants_alone_has_the_same_sounds() -> None:
    for said, heard in (("kist bhar di", "kissed bar thee"), ("tell me", "tall may")):
        assert sounds_of(said.split()) == sounds_of(heard.split())
    assert sounds_of(["tell"]) != sounds_of(["call"])


def test_the_order_of_words_counts() -> None:
    assert phrases_of(["is", "it"]) != phrases_of(["it", "is"])


@given(st.text())
def test_any_text_can_be_cut(text: str) -> None:
    words = words_of(text)
    assert len(words) <= MOST_WORDS
    numbers = [*phrases_of(words), *pieces_of(words)]
    assert all(0 <= number < ROWS for number in numbers)
    assert all(runs_of(word) for word in words)


def test_a_very_long_text_is_cut_off() -> None:
    assert len(words_of("word " * 10_000)) == MOST_WORDS
    assert len(runs_of(words_of("a" * 1_000_000)[0])) < 100
