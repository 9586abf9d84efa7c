"""From the spoken form to the written one: a table of cases, and what must hold for any words."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asr.text.itn.normalize import normalize
from app.asr.text.words import Word, text_of
from tests.unit.asr.text.speech import timed

TABLE = Path(__file__).parents[3] / "fixtures" / "itn.tsv"
CASES = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:]]
VOCABULARY = sorted({word for _, spoken, _ in CASES for word in spoken.split()})


@pytest.mark.inventory("WH-047")
@pytest.mark.parametrize(("language", "spoken", "written"), CASES)
def test_the_table(language: str, spoken: str, written: str) -> None:
    assert text_of(normalize(timed(spoken), language)) == written


def test_the_table_is_as_large_as_promised() -> None:
    assert len(CASES) >= 150
    assert {language for language, _, _ in CASES} == {"en", "hi"}


def test_a_number_lasts_as_long_as_its_words() -> None:
    words = timed("i owe twenty three dollars today")
    owe = normalize(words, "en")
    assert [word.text for word in owe] == ["i", "owe", "$23", "today"]
    assert (owe[2].start_s, owe[2].end_s) == (words[2].start_s, words[4].end_s)
    assert owe[2].spoken == "twenty three dollars"
    assert owe[3] is words[5]


def test_parts_of_a_date_keep_their_own_times() -> None:
    words = timed("on may fifth twenty twenty four")
    assert [(word.text, word.start_s, word.end_s) for word in normalize(words, "en")] == [
        ("on", words[0].start_s, words[0].end_s),
        ("May", words[1].start_s, words[1].end_s),
        ("5,", words[2].start_s, words[2].end_s),
        ("2024", words[3].start_s, words[5].end_s),
    ]


def test_a_number_is_as_sure_as_its_least_sure_word() -> None:
    words = [Word("twenty", 0, 1, 0.9), Word("three", 1, 2, 0.4)]
    assert normalize(words, "en")[0].confidence == 0.4


def test_a_long_pause_divides_numbers() -> None:
    words = timed("i have twenty five people came", (3, 2.0))
    assert text_of(normalize(words, "en")) == "i have 20 five people came"


def test_a_language_without_rules_is_left_alone() -> None:
    words = timed("zwanzig three")
    assert normalize(words, "de") == words


@pytest.mark.parametrize("language", ["en", "en-IN", "EN", "en-us"])
def test_regions_share_the_rules(language: str) -> None:
    assert text_of(normalize(timed("twenty three"), language)) == "23"


@given(
    st.lists(st.one_of(st.sampled_from(VOCABULARY), st.text(max_size=6)), max_size=30),
    st.sampled_from(["en", "hi"]),
)
def test_any_words_keep_their_order_and_their_span(texts: list[str], language: str) -> None:
    words = [Word(text, index, index + 0.5) for index, text in enumerate(texts)]
    written = normalize(words, language)
    starts = [word.start_s for word in written]
    assert starts == sorted(starts)
    if words:
        assert (written[0].start_s, written[-1].end_s) == (words[0].start_s, words[-1].end_s)
    assert all(one.end_s <= other.start_s for one, other in itertools.pairwise(written))


@given(st.lists(st.sampled_from(VOCABULARY), max_size=12), st.sampled_from(["en", "hi"]))
def test_what_is_written_stays_written(texts: list[str], language: str) -> None:
    once = normalize([Word(text, i, i + 0.5) for i, text in enumerate(texts)], language)
    digits = [word.text for word in once if word.text.isdecimal()]
    twice = normalize(once, language)
    assert [word for word in digits if word not in text_of(twice)] == []
