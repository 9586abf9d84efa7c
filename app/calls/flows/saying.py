"""What is said: wordings with the values of slots put in, as people say them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from app.calls.flows.graph import (
    Capture,
    Choice,
    Date,
    Digits,
    Graph,
    Phone,
    Time,
    Value,
    Wordings,
    YesNo,
)

SLOT_NAMED = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class _Spoken:
    """How a language says dates, times of day, yes and no."""

    date: str
    weekdays: str
    months: str
    times: str
    parts_of_day: Mapping[int, str]
    """By the hour that they begin with."""
    no_yes: tuple[str, str]


_ENGLISH = _Spoken(
    "{weekday}, {month} {day}",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "January February March April May June July August September October November December",
    "{clock} {part}",
    {0: "AM", 12: "PM"},
    ("no", "yes"),
)
_HINDI = _Spoken(
    "{weekday}, {day} {month}",
    "सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार",
    "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "{part} {clock} बजे",
    {0: "रात", 4: "सुबह", 12: "दोपहर", 16: "शाम", 20: "रात"},
    ("नहीं", "हाँ"),
)
_SPOKEN = {"hi": _HINDI}


def said(
    flow: Graph, wordings: Wordings, language: str, turn: int, slots: Mapping[str, Value]
) -> str:
    """Another of the wordings each turn."""
    choices = wordings.get(language, ())
    if not choices:
        return ""
    return filled(flow, choices[turn % len(choices)], language, slots)


def filled(flow: Graph, template: str, language: str, slots: Mapping[str, Value]) -> str:
    """A slot that is empty after all leaves nothing behind."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return spoken(flow.slots[name].capture, slots[name], language) if name in slots else ""

    return SLOT_NAMED.sub(value, template)


def spoken(capture: Capture, value: Value, language: str) -> str:
    words = _SPOKEN.get(language, _ENGLISH)
    match capture:
        case Choice():
            option = capture.options.get(str(value))
            return option.words[language][0] if option else str(value)
        case Date():
            return _day(date.fromisoformat(str(value)), words, has_year=capture.is_past_allowed)
        case Time():
            return _hour(time.fromisoformat(str(value)), words)
        case Phone() | Digits():
            return " ".join(str(value))
        case YesNo():
            return words.no_yes[bool(value)]
        case _:
            return str(value)


def _day(value: date, words: _Spoken, *, has_year: bool) -> str:
    text = words.date.format(
        weekday=words.weekdays.split()[value.weekday()],
        month=words.months.split()[value.month - 1],
        day=value.day,
    )
    return f"{text}, {value.year}" if has_year else text


def _hour(value: time, words: _Spoken) -> str:
    clock = f"{(value.hour - 1) % 12 + 1}:{value.minute:02d}".removesuffix(":00")
    part = max(hour for hour in words.parts_of_day if hour <= value.hour)
    return words.times.format(clock=clock, part=words.parts_of_day[part])
