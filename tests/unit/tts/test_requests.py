"""What is asked of speaking, and which name is wrong."""

from typing import Any

import msgspec
import pytest

from app.tts.domain import (
    MOST_CHARACTERS,
    SpeechOptionInvalid,
    TextEmpty,
    TextTooLong,
    VoiceSettings,
    check_text,
    find_not_applied,
    parse_speech,
)
from app.tts.speech import Manner


@pytest.mark.inventory("WH-218", "WH-220", "WH-221", "WH-222", "WH-223")
def test_what_is_left_out_or_null_is_as_the_documents_say() -> None:
    asked = parse_speech({"voice": None, "unheard_of": 3}, VoiceSettings)
    assert msgspec.structs.asdict(asked) == {
        "voice": None,
        "language": "",
        "speed": 1.0,
        "temperature": 0.6,
        "top_k": 50,
        "exaggeration": 0.0,
        "instruct": "",
    }


def test_numbers_may_come_as_texts() -> None:
    asked = parse_speech({"speed": "1.5", "top_k": "7"}, VoiceSettings)
    assert (asked.speed, asked.top_k) == (1.5, 7)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("speed", [0.49, 2.01, "fast", "nan", [1], True]),
        ("temperature", [-0.1, 2.1, "inf"]),
        ("top_k", [-1, 201, 1.5, 10**30]),
        ("exaggeration", [-0.1, 2.1, "nan"]),
        ("voice", ["", "x" * 101, 5, ["af_heart"]]),
        ("language", ["x" * 101, 5]),
        ("instruct", ["x" * 501, 5]),
    ],
)
@pytest.mark.inventory("WH-220", "WH-221", "WH-222", "WH-223", "WH-227")
def test_what_is_out_of_range_is_named(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(SpeechOptionInvalid) as invalid:
            parse_speech({name: value}, VoiceSettings)
        assert invalid.value.details == {"field": name}, value
        assert invalid.value.message.startswith(f"{name}: ")
        assert invalid.value.status == 422


class _Asked(VoiceSettings, frozen=True, kw_only=True):
    text: str


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SpeechOptionInvalid, match="text: it is missing") as invalid:
        parse_speech({"speed": 1}, _Asked)
    assert invalid.value.details == {"field": "text"}


def test_texts_have_an_end() -> None:
    check_text("x" * MOST_CHARACTERS)
    with pytest.raises(TextTooLong) as long:
        check_text("x" * (MOST_CHARACTERS + 1))
    assert long.value.details == {"field": "text", "limit": MOST_CHARACTERS}
    for text in ("", " \n\t\u00a0"):
        with pytest.raises(TextEmpty):
            check_text(text)


def test_what_changes_nothing_is_said_where_it_was_asked_for() -> None:
    manner = Manner(voice="v", language="l", temperature=1.0, speed=1.5)
    found = find_not_applied(manner, frozenset({"temperature", "top_k"}))
    assert [each.option for each in found] == ["temperature"]
