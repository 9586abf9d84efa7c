"""What callers mean by their words, one kind of value at a time. It is Wednesday, 2026-11-18."""

from datetime import date, datetime

import pytest

from app.calls.flows.graph import Date, Number, Pattern
from app.calls.flows.hearing.answers import yes_or_no
from app.calls.flows.hearing.days import day
from app.calls.flows.hearing.digits import digits, fits, number
from app.calls.flows.hearing.hours import hour
from app.calls.flows.hearing.names import name
from app.calls.flows.hearing.utterance import Found, heard
from tests.own_time import OwnTime

TODAY = date(2026, 11, 18)


def meant(found: Found | None) -> object:
    return found.value if found else None


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("en", "today", "2026-11-18"),
        ("en", "Tomorrow.", "2026-11-19"),
        ("en", "the day after tomorrow", "2026-11-20"),
        ("en", "yesterday", None),
        ("en", "Friday", "2026-11-20"),
        ("en", "on Wednesday", "2026-11-25"),
        ("en", "on Tuesday please", "2026-11-24"),
        ("en", "next Monday", "2026-11-23"),
        ("en", "next Friday", "2026-11-27"),
        ("en", "next week", None),
        ("en", "in three days", "2026-11-21"),
        ("en", "in 10 days", "2026-11-28"),
        ("en", "in a week", "2026-11-25"),
        ("en", "two weeks from now", "2026-12-02"),
        ("en", "two weeks", None),
        ("en", "November 24", "2026-11-24"),
        ("en", "November twenty fourth", "2026-11-24"),
        ("en", "the twenty-fourth of November", "2026-11-24"),
        ("en", "24th November 2027", "2027-11-24"),
        ("en", "the 3rd", "2026-12-03"),
        ("en", "the thirty first", "2026-12-31"),
        ("en", "on the twentieth", "2026-11-20"),
        ("en", "my third visit", None),
        ("en", "May 5", "2027-05-05"),
        ("en", "march the first", "2027-03-01"),
        ("en", "the thirtieth of February", None),
        ("en", "February 29", "2028-02-29"),
        ("en", "2026-12-01", "2026-12-01"),
        ("en", "2026-13-01", None),
        ("en", "May 5, 2020", None),
        ("en", "not Monday but Tuesday", "2026-11-24"),
        ("hi", "aaj", "2026-11-18"),
        ("hi", "kal subah", "2026-11-19"),
        ("hi", "परसों", "2026-11-20"),
        ("hi", "somvar ko", "2026-11-23"),
        ("hi", "अगले शुक्रवार को", "2026-11-27"),
        ("hi", "तीन दिन बाद", "2026-11-21"),
        ("hi", "do hafte baad", "2026-12-02"),
        ("hi", "पाँच दिसंबर", "2026-12-05"),
        ("hi", "पच्चीस तारीख", None),
        ("hi", "monday ko", "2026-11-23"),
        ("hi", "सोमवार नहीं मंगलवार", "2026-11-24"),
    ],
)
def test_days(language: str, said: str, expected: str | None) -> None:
    assert meant(day(Date(), heard(said, language), TODAY)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("the fifth of May nineteen eighty four", "1984-05-05"),
        ("May 5, 1984", "1984-05-05"),
        ("first of January two thousand and one", "2001-01-01"),
        ("twelfth of June twenty twenty", "2020-06-12"),
        ("the nineteenth of November", "2025-11-19"),
        ("yesterday", "2026-11-17"),
    ],
)
def test_days_that_may_be_past(said: str, expected: str) -> None:
    assert meant(day(Date(is_past_allowed=True), heard(said, "en"), TODAY)) == expected


ASKED_HOURS = [
    ("en", "three", "15:00"),
    ("en", "nine", "09:00"),
    ("en", "twelve", "12:00"),
    ("en", "3", "15:00"),
    ("en", "three thirty", "15:30"),
    ("en", "half past three", "15:30"),
    ("en", "quarter to four", "15:45"),
    ("en", "a quarter past ten", "10:15"),
    ("en", "ten minutes to six", "17:50"),
    ("en", "twenty past six", "18:20"),
    ("en", "five o'clock", "17:00"),
    ("en", "3 pm", "15:00"),
    ("en", "3pm", "15:00"),
    ("en", "3:30pm", "15:30"),
    ("en", "at 3:30 p.m.", "15:30"),
    ("en", "3 a.m.", "03:00"),
    ("en", "twelve am", "00:00"),
    ("en", "15:45", "15:45"),
    ("en", "05:15", "05:15"),
    ("en", "24:00", None),
    ("en", "six in the morning", "06:00"),
    ("en", "seven in the evening", "19:00"),
    ("en", "tonight at eight", "20:00"),
    ("en", "eleven at night", "23:00"),
    ("en", "twelve at night", "00:00"),
    ("en", "two at night", "02:00"),
    ("en", "noon", "12:00"),
    ("en", "midnight", "00:00"),
    ("en", "not at three, at four", "16:00"),
    ("en", "nine eight four five", None),
    ("en", "two people", "14:00"),
    ("en", "two days", None),
    ("hi", "साढ़े तीन बजे", "15:30"),
    ("hi", "sadhe teen baje", "15:30"),
    ("hi", "सुबह दस बजे", "10:00"),
    ("hi", "subah chhe baje", "06:00"),
    ("hi", "शाम सात बजे", "19:00"),
    ("hi", "raat nau baje", "21:00"),
    ("hi", "दोपहर बारह बजे", "12:00"),
    ("hi", "पौने चार बजे", "15:45"),
    ("hi", "डेढ़ बजे", "13:30"),
    ("hi", "३ बजे", "15:00"),
    ("hi", "kal subah", None),
]


@pytest.mark.parametrize(("language", "said", "expected"), ASKED_HOURS)
def test_hours_that_were_asked_for(language: str, said: str, expected: str | None) -> None:
    assert meant(hour(heard(said, language), is_asked=True)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("at three", "15:00"),
        ("half past three", "15:30"),
        ("three in the afternoon", "15:00"),
        ("three", None),
        ("three thirty", None),
        ("I have three children", None),
        ("at two hundred rupees", None),
        ("on the fifth", None),
    ],
)
def test_hours_that_nobody_asked_for(said: str, expected: str | None) -> None:
    assert meant(hour(heard(said, "en"), is_asked=False)) == expected


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("en", "yes", True), ("en", "Yes, please.", True), ("en", "yeah that's right", True),
        ("en", "sounds good", True), ("en", "no problem", True), ("en", "okay", True),
        ("en", "no", False), ("en", "No thanks", False), ("en", "nope", False),
        ("en", "that's not right", False), ("en", "yes no wait", False), ("en", "wrong", False),
        ("en", "I'm not sure", None), ("en", "I don't know", None), ("en", "maybe", None),
        ("en", "what time is it", None), ("en", "I know him", None),
        ("hi", "हाँ जी", True), ("hi", "haan", True), ("hi", "ठीक है", True),
        ("hi", "bilkul sahi", True), ("hi", "जी नहीं", False), ("hi", "nahi", False),
        ("hi", "ग़लत", False), ("hi", "sahi nahi", False),
        ("hi", "yes", True), ("hi", "पता नहीं", None),
    ],
)  # fmt: skip
def test_yes_and_no(language: str, said: str, expected: bool | None) -> None:
    assert meant(yes_or_no(heard(said, language))) is expected


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("en", "Ravi", "Ravi"),
        ("en", "ravi kumar", "Ravi Kumar"),
        ("en", "Mr. Rao.", "Mr Rao"),
        ("en", "my name is Mary-Jane O'Neill", "Mary-Jane O'Neill"),
        ("en", "hello, this is Asha Rao speaking", "Asha Rao"),
        ("en", "it's Tom, T O M", "Tom"),
        ("en", "J O H N", "John"),
        ("en", "I'm looking for a dentist", None),
        ("en", "I don't know", None),
        ("en", "why do you ask", None),
        ("en", "nine eight four five", None),
        ("en", "4711", None),
        ("en", "the quick brown fox jumps over the dog", None),
        ("hi", "मेरा नाम आशा राव है", "आशा राव"),
        ("hi", "main Ravi Das bol raha hoon", "Ravi Das"),
        ("hi", "mera naam Priya hai ji", "Priya"),
        ("hi", "आशा", "आशा"),
    ],
)
def test_names(language: str, said: str, expected: str | None) -> None:
    assert meant(name(heard(said, language), is_asked=True)) == expected


@pytest.mark.parametrize("said", ["Ravi", "I'm hurting", "it's urgent", "this is terrible"])
def test_what_might_be_a_name_is_none_where_nobody_asked(said: str) -> None:
    assert name(heard(said, "en"), is_asked=False) is None


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("en", "nine eight four five zero one two three four five", "9845012345"),
        ("en", "98450 12345", "9845012345"),
        ("en", "it is 98450-12345, thanks", "9845012345"),
        ("en", "double nine eight oh four five triple two", "998045222"),
        ("en", "ninety eight forty five zero one twenty three forty five", "9845012345"),
        ("en", "plus nine one nine eight four five zero one two three", "+9198450123"),
        ("en", "+91 98450 12345", "+919845012345"),
        ("en", "one eight hundred five five five one two", "180055512"),
        ("en", "one two three", None),
        ("hi", "नौ आठ चार पाँच शून्य एक दो तीन", "98450123"),
        ("hi", "९८४५० १२३४५", "9845012345"),
        ("hi", "nau aath char paanch shunya ek do teen", "98450123"),
        ("hi", "डबल नौ आठ चार पाँच शून्य एक दो", "99845012"),
    ],
)
def test_telephone_numbers(language: str, said: str, expected: str | None) -> None:
    assert meant(digits(heard(said, language), 8, 13)) == expected


@pytest.mark.parametrize(
    ("language", "said", "expected"),
    [
        ("en", "twelve", 12),
        ("en", "I want 3 of them", 3),
        ("en", "two and a half", 2.5),
        ("en", "a hundred", 100),
        ("en", "one hundred and five", None),
        ("en", "five thousand", None),
        ("en", "none of it", None),
        ("hi", "बीस", 20),
        ("hi", "pachees", 25),
        ("hi", "ढाई", 2.5),
        ("hi", "dedh sau", None),
    ],
)
def test_numbers(language: str, said: str, expected: float | None) -> None:
    assert meant(number(Number(1, 100), heard(said, language))) == expected


@pytest.mark.parametrize(
    ("expression", "said", "expected"),
    [
        ("[a-z]{2}[0-9]{3}", "it is A B one two three", "ab123"),
        ("[a-z]{2}[0-9]{3}", "AB-123", "ab123"),
        ("[a-z]{2}-[0-9]{3}", "AB-123", "ab-123"),
        ("[a-z]{2}[0-9]{3}", "A B one two", None),
        ("(red|blue) (car|bus)", "a big red car please", "red car"),
        ("[0-9]+", "room twelve", "12"),
        ("[0-9]{6}", "my pin is 56 00 34 thanks", "560034"),
    ],
)
def test_patterns(expression: str, said: str, expected: str | None) -> None:
    assert meant(fits(Pattern(expression), heard(said, "en"))) == expected


def test_an_expression_that_would_explode_elsewhere_does_not() -> None:
    with OwnTime() as took:
        assert fits(Pattern("(a+)+(a|aa)+b"), heard("a " * 250, "en")) is None
    assert took.s < 5


def test_what_comes_after_the_longest_turn_is_not_heard() -> None:
    assert len(heard("word " * 10_000, "en")) == 60
    assert len(heard("w" * 10_000, "en").text) == 500


def test_time_zones_are_not_asked_for() -> None:
    """The caller's day is that of the time handed in."""
    evening = datetime(2026, 12, 31, 23, 59)  # noqa: DTZ001
    assert meant(day(Date(), heard("tomorrow", "en"), evening.date())) == "2027-01-01"
