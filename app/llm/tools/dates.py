"""Reckons with days of the calendar. Pure."""

import calendar
from collections.abc import Set
from datetime import date, timedelta

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_SATURDAY = 5
_NO_HOLIDAYS: Set[date] = frozenset()


def moved(day: date, *, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0) -> date:
    """Years and months first: a month after January 31 is the last of February. Raises
    OverflowError or ValueError outside of the years 1 to 9999."""
    month = day.year * 12 + day.month - 1 + years * 12 + months
    year, month = month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last)) + timedelta(weeks=weeks, days=days)


def is_business_day(day: date, holidays: Set[date] = _NO_HOLIDAYS) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays


def business_day_after(day: date, count: int, holidays: Set[date] = _NO_HOLIDAYS) -> date:
    """`count` below 0 goes back. From a weekend, the first is the Monday after, or the Friday
    before."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, holidays):
            day += step
    return day


def business_days_between(start: date, end: date, holidays: Set[date] = _NO_HOLIDAYS) -> int:
    """Without `start`, with `end`; below 0 where `end` is earlier."""
    if end < start:
        return -_business_days(end - timedelta(1), start - timedelta(1), holidays)
    return _business_days(start, end, holidays)


def _business_days(start: date, end: date, holidays: Set[date]) -> int:
    weeks, rest = divmod((end - start).days, 7)
    last = [end - timedelta(days=each) for each in range(rest)]
    count = weeks * 5 + sum(map(is_business_day, last))
    return count - sum(start < day <= end for day in filter(is_business_day, holidays))


def next_weekday(day: date, weekday: str) -> date:
    """The first one after `day`, a week later where `day` itself is one."""
    ahead = (WEEKDAYS.index(weekday) - day.weekday() - 1) % 7 + 1
    return day + timedelta(days=ahead)


def whole_between(start: date, end: date) -> tuple[int, int, int]:
    """Years, months and days from the earlier to the later."""
    start, end = min(start, end), max(start, end)
    months = (end.year - start.year) * 12 + end.month - start.month
    if moved(start, months=months) > end:
        months -= 1
    return months // 12, months % 12, (end - moved(start, months=months)).days
