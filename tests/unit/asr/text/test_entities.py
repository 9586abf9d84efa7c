"""Entities in spoken and in written form."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asr.text.entities import find_entities
from app.asr.text.itn.normalize import normalize
from app.asr.text.words import Word
from tests.unit.asr.text.speech import timed


def found(sentence: str, language: str = "en") -> list[tuple[str, str, str]]:
    entities = find_entities(normalize(timed(sentence), language))
    return [(entity.type, entity.value, entity.raw) for entity in entities]


@pytest.mark.inventory("WH-081", "EX-009")
def test_spoken_entities_have_their_written_value_and_what_was_said() -> None:
    said = (
        "call nine eight seven six five four three two one zero or mail john dot doe at gmail "
        "dot com by five thirty pm on may fifth about the five hundred dollars"
    )
    assert found(said) == [
        ("PHONE", "9876543210", "nine eight seven six five four three two one zero"),
        ("EMAIL", "john.doe@gmail.com", "john dot doe at gmail dot com"),
        ("TIME", "5:30 PM", "five thirty pm"),
        ("DATE", "May 5", "may fifth"),
        ("MONEY", "$500", "five hundred dollars"),
    ]


@pytest.mark.parametrize(
    ("sentence", "kind", "value"),
    [
        ("Pay ₹2,50,000 now.", "MONEY", "₹2,50,000"),
        ("It costs $5 million.", "MONEY", "$5 million"),
        ("Rs. 500 only", "MONEY", "Rs. 500"),
        ("see https://parley.dev/docs?x=1 please", "URL", "https://parley.dev/docs?x=1"),
        ("on www.example.co.uk today?", "URL", "www.example.co.uk"),
        ("Mail a_b+c@mail.example.org.", "EMAIL", "a_b+c@mail.example.org"),
        ("call (555) 123-4567.", "PHONE", "(555) 123-4567"),
        ("my number is 5551212", "PHONE", "5551212"),
        ("+44 20 7946 0958 is ours", "PHONE", "+44 20 7946 0958"),
        ("the OTP is 4729", "ID", "4729"),
        ("order AB-12345 shipped", "ID", "AB-12345"),
        ("account number 004567891234", "ID", "004567891234"),
        ("due 12/05/2024,", "DATE", "12/05/2024"),
        ("on 15 August 1947", "DATE", "15 August 1947"),
        ("at 5:30", "TIME", "5:30"),
        ("20% off", "PERCENT", "20%"),
        ("15 अगस्त 1947 को", "DATE", "15 अगस्त 1947"),
        ("5:30 बजे", "TIME", "5:30 बजे"),
    ],
)
def test_written_entities(sentence: str, kind: str, value: str) -> None:
    entities = [(e.type, e.value) for e in find_entities(timed(sentence))]
    assert (kind, value) in entities


@pytest.mark.parametrize(
    "sentence",
    ["I have 23 sheep.", "You may go.", "in 1999 it rained", "the end.In", "e.g. this", "v2.0"],
)
def test_bare_numbers_and_words_are_none(sentence: str) -> None:
    assert found(sentence) == []


@given(st.lists(st.text(min_size=1, max_size=12), max_size=20))
def test_entities_never_overlap(texts: list[str]) -> None:
    words = [Word(text, index, index + 1) for index, text in enumerate(texts)]
    entities = find_entities(words)
    for one, other in itertools.pairwise(entities):
        assert one.first < one.end <= other.first
    assert all(entity.end <= len(words) for entity in entities)
