"""The days that callers name."""

from datetime import date, timedelta

from app.asr.text.itn import calendar
from app.asr.text.itn.phrase import Phrase
from app.calls.flows.graph import Date
from app.calls.flows.hearing.utterance import Found, Utterance

_FARTHEST_DAYS = 1000


def day(capture: Date, said: Utterance, today: date) -> Found | None:
    """The first that is not denied, and not past where that makes no sense."""
    for at in range(len(said)):
        found = _begins(said, at, today, is_past=capture.is_past_allowed)
        if found is None or said.is_denied(at, found[1]):
            continue
        if found[0] >= today or capture.is_past_allowed:
            return Found(found[0].isoformat(), at, found[1])
    return None


def _begins(said: Utterance, at: int, today: date, *, is_past: bool) -> tuple[date, int] | None:
    return (
        _named(said, at, today)
        or _weekday(said, at, today)
        or _from_now(said, at, today)
        or _of_month(said.phrase, at, today, is_past=is_past)
        or _written(said.keys[at], at)
    )


def _named(said: Utterance, at: int, today: date) -> tuple[date, int] | None:
    found = said.phrase.longest(at, said.words.days)
    return (today + timedelta(said.words.days[found[0]]), found[1]) if found else None


def _weekday(said: Utterance, at: int, today: date) -> tuple[date, int] | None:
    """The one to come. The next is that of the next week: on a Tuesday, next Friday is far."""
    start = at + (said.keys[at] in said.words.next)
    weekday = said.words.weekdays.get(said.phrase.key(start))
    if weekday is None:
        return None
    if start == at:
        return today + timedelta((weekday - today.weekday() - 1) % 7 + 1), start + 1
    return today + timedelta(7 - today.weekday() + weekday), start + 1


def _from_now(said: Utterance, at: int, today: date) -> tuple[date, int] | None:
    """In three days; three days from now; तीन दिन बाद."""
    words, phrase = said.words, said.phrase
    start = at + (said.keys[at] in words.before_span)
    count = phrase.numbers.below_hundred(start)
    if count is None and phrase.key(start) in ("a", "one"):
        count = (1, start + 1)
    elif count is None and phrase.key(start).isdecimal() and len(phrase.key(start)) <= 3:
        count = (int(phrase.key(start)), start + 1)
    span = words.spans.get(phrase.key(count[1])) if count else None
    if count is None or span is None:
        return None
    end = count[1] + 1
    after = phrase.longest(end, words.after_span)
    days = count[0] * span
    if (start == at and after is None) or days > _FARTHEST_DAYS:
        return None
    return today + timedelta(days), after[1] if after else end


def _of_month(phrase: Phrase, at: int, today: date, *, is_past: bool) -> tuple[date, int] | None:
    """November 24, the twenty fourth of November, the twenty fourth; the nearest that fits."""
    start = at + (phrase.key(at) == "the")
    month = _month(phrase, start)
    named = _day(phrase, start + 1 + (phrase.key(start + 1) == "the") if month else start)
    if named is None:
        return None
    of_month, end, is_ordinal = named
    if month is None:
        of_at = end + (phrase.key(end) == "of")
        month = _month(phrase, of_at)
        end = of_at + 1 if month else end
    if month is None and not ((is_ordinal and phrase.key(at - 1) in ("", "on")) or start > at):
        return None
    year = _year(phrase, end) if month else None
    found = _nearest(of_month, month, year and year[0], today, is_past=is_past)
    return (found, year[1] if year else end) if found else None


def _month(phrase: Phrase, at: int) -> int | None:
    months = phrase.lexicon.months
    name = months.get(phrase.key(at))
    return list(dict.fromkeys(months.values())).index(name) % 12 + 1 if name else None


def _day(phrase: Phrase, at: int) -> tuple[int, int, bool] | None:
    """Value, end, and whether it is an ordinal."""
    ordinal = calendar.read_ordinal(phrase, at)
    if ordinal:
        return (ordinal[0], ordinal[1], True) if 1 <= ordinal[0] <= 31 else None
    read = phrase.numbers.read(at)
    is_day = read is not None and read.value in range(1, 32)
    return (int(read.value), read.end, False) if read and is_day else None


def _year(phrase: Phrase, at: int) -> tuple[int, int] | None:
    """Nineteen eighty four; two thousand and one; 1984."""
    century = phrase.numbers.below_hundred(at)
    rest = phrase.numbers.below_hundred(century[1]) if century else None
    if century and rest and century[0] in (18, 19, 20) and rest[0] >= 10:
        return century[0] * 100 + rest[0], rest[1]
    read = phrase.numbers.read(at)
    is_year = read is not None and read.value in range(1800, 2200)
    return (int(read.value), read.end) if read and is_year else None


def _nearest(
    of_month: int, month: int | None, year: int | None, today: date, *, is_past: bool
) -> date | None:
    """Where the month or the year was left out: the first to come, or the last that was."""
    if month and year:
        return _real(year, month, of_month)
    step = -1 if is_past else 1
    for count in range(8 * 12 + 1):
        at = today.year * 12 + today.month - 1 + step * count
        found = _real(at // 12, at % 12 + 1, of_month)
        is_month = month in (None, at % 12 + 1)
        if found and is_month and (found <= today if is_past else found >= today):
            return found
    return None


def _written(key: str, at: int) -> tuple[date, int] | None:
    """2026-11-24."""
    parts = key.split("-")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    found = _real(*map(int, parts))
    return (found, at + 1) if found else None


def _real(year: int, month: int, of_month: int) -> date | None:
    try:
        return date(year, month, of_month)
    except ValueError:
        return None
