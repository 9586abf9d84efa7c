"""From the written form to the spoken one: a table of cases, and numbers against each other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tts.text.cleaning import clean
from app.tts.text.languages import LANGUAGES, sentence_language
from app.tts.text.written.grammar import say
from app.tts.text.written.tongue import LARGEST
from app.tts.text.written.tongues import TONGUES, tongues_of

TABLE = Path(__file__).parents[3] / "fixtures" / "spoken.tsv"
CASES = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:]]


def spoken(written: str, language: str) -> str:
    text = clean(written).text
    tongue = TONGUES[sentence_language(text, LANGUAGES[language]).code]
    return " ".join(said.text for said in say(text, tongue) if not said.is_mark)


@pytest.mark.parametrize(("language", "written", "expected"), CASES)
def test_the_table(language: str, written: str, expected: str) -> None:
    assert spoken(written, language) == expected


@pytest.mark.inventory("WH-279")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("4500", "forty five hundred"),
        ("4,500 of them", "forty five hundred of them"),
        ("$1200", "twelve hundred dollars"),
        ("4000", "four thousand"),
        ("4550", "four thousand five hundred fifty"),
        ("10500", "ten thousand five hundred"),
        ("2020", "twenty twenty"),
        ("room 4500", "room four five zero zero"),
        ("in 1900", "in nineteen hundred"),
        ("the 1100th", "the eleven hundredth"),
    ],
)
def test_numbers_in_hundreds_for_those_who_say_so(written: str, expected: str) -> None:
    tongue = tongues_of(hundreds=True)["en-us"]
    assert " ".join(said.text for said in say(written, tongue)) == expected
    assert tongues_of(hundreds=True)["en-gb"].cardinal(4500) == "four thousand five hundred"


def test_the_table_is_as_large_as_promised() -> None:
    of_english = [case for case in CASES if case[0].startswith("en")]
    assert len(of_english) >= 120
    assert len([case for case in CASES if case[0] == "hi"]) >= 60
    assert {case[0] for case in CASES} >= {"es", "fr", "it", "pt-br"}


@pytest.mark.parametrize("language", list(TONGUES))
@given(first=st.integers(0, LARGEST - 1), second=st.integers(0, LARGEST - 1))
def test_no_two_numbers_are_said_alike(language: str, first: int, second: int) -> None:
    cardinal = TONGUES[language].cardinal
    assert (cardinal(first) == cardinal(second)) is (first == second)


@pytest.mark.parametrize("language", list(TONGUES))
def test_every_number_below_two_thousand_is_said_in_its_own_words(language: str) -> None:
    tongue = TONGUES[language]
    said = {tongue.cardinal(value) for value in range(2000)}
    assert len(said) == 2000
    assert not any(figure.isdigit() for words in said for figure in words)


def test_a_number_of_500_figures_is_said_figure_by_figure() -> None:
    assert spoken("9" * 500, "en-us").split() == ["nine"] * 500


def test_each_part_of_an_address_stands_for_its_own_place() -> None:
    text = "mail joe@test.org now"
    places = {said.text: text[said.begin : said.end] for said in say(text, TONGUES["en-us"])}
    assert places == {
        "mail": "mail", "joe": "joe", "at": "@", "test": "test", "dot": ".", "org": "org",
        "now": "now",
    }  # fmt: skip
