"""The times of day that callers name."""

import re
from dataclasses import dataclass

from app.asr.text.itn import clock
from app.asr.text.itn.tokens import Piece
from app.calls.flows.hearing.utterance import Found, Utterance

_WRITTEN = re.compile(r"([0-9]{1,2})(?:[:.]([0-5][0-9]))?([ap]m)?")
_FIRST_HOUR = 7
"""Of the day, where nobody said whether morning or evening was meant."""
_MORNING_HOURS = 5


@dataclass(frozen=True, slots=True)
class _Clock:
    """`half` is am, pm or night; day where the hour counts from midnight; empty if nobody said."""

    hours: int
    minutes: int
    end: int
    half: str = ""


def hour(said: Utterance, *, is_asked: bool) -> Found | None:
    """The first that is not denied; a bare number only where a time was asked for."""
    for at in range(len(said)):
        named = said.words.clocks.get(said.keys[at])
        if named:
            return Found(named, at, at + 1)
        found = _said(said, at) or _written(said, at) or _bare(said, at, is_asked=is_asked)
        if found and not said.is_denied(at, found.end):
            return _of_day(said, found, at)
    return None


def _said(said: Utterance, at: int) -> _Clock | None:
    """As it is understood for transcripts: half past three, 3 pm, साढ़े तीन बजे."""
    pieces = clock.time(said.phrase, at)
    if not pieces:
        return None
    hours, _, minutes = pieces[0].text.partition(":")
    if not hours.isdecimal() or int(hours) > 23:
        return None
    return _Clock(int(hours), int(minutes or 0), pieces[-1].end, _half(pieces))


def _half(pieces: list[Piece]) -> str:
    """The times of the military have two digits and no half."""
    if pieces[0].text.startswith("0"):
        return "day"
    return pieces[1].text.lower() if len(pieces) > 1 and pieces[1].text in ("AM", "PM") else ""


def _written(said: Utterance, at: int) -> _Clock | None:
    match = _WRITTEN.fullmatch(said.keys[at])
    if match is None or int(match[1]) > 23 or not (match[2] or match[3]):
        return None
    half = match[3] or ("day" if match[1].startswith("0") else "")
    return _Clock(int(match[1]), int(match[2] or 0), at + 1, half)


def _bare(said: Utterance, at: int, *, is_asked: bool) -> _Clock | None:
    """Three; three thirty; at three; three in the afternoon."""
    found = _small(said, at)
    if found is None or found[0] > 23 or _small(said, at - 1):
        return None
    hours, end = found
    minute = _small(said, end)
    has_minutes = minute is not None and 10 <= minute[0] <= 59
    minutes, end = minute if minute and has_minutes else (0, end)
    after = said.phrase.key(end)
    half_day = said.phrase.longest(end, _IN_THE) is not None or after in said.words.half_days
    is_time = is_asked or said.phrase.key(at - 1) in said.words.at or half_day
    lexicon = said.phrase.lexicon
    is_counted = any(
        after in words
        for words in (
            lexicon.time_units, lexicon.months, lexicon.below_hundred, lexicon.tens,
            lexicon.hundreds, lexicon.scales, lexicon.units, lexicon.currencies,
        )
    )  # fmt: skip
    return _Clock(hours, minutes, end) if is_time and not is_counted else None


_IN_THE = frozenset(("in the", "at night"))


def _small(said: Utterance, at: int) -> tuple[int, int] | None:
    key = said.phrase.key(at)
    if key.isascii() and key.isdecimal() and len(key) <= 2:
        return int(key), at + 1
    return said.phrase.numbers.below_hundred(at)


def _of_day(said: Utterance, found: _Clock, at: int) -> Found:
    """Twelve at night is midnight; three is in the afternoon unless it was said otherwise."""
    hours = found.hours
    halves = [said.words.half_days[word] for word, _, _ in said.places(said.words.half_days)]
    half = found.half or next(iter(halves), "")
    if half == "night":
        half = "am" if hours == 12 or hours < _MORNING_HOURS else "pm"
    if not half and 0 < hours < _FIRST_HOUR:
        half = "pm"
    if half == "pm" and hours < 12:
        hours += 12
    elif half == "am" and hours == 12:
        hours = 0
    return Found(f"{hours:02d}:{found.minutes:02d}", at, found.end)
