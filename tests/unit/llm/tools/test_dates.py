"""Reckoning with days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.tools.dates import (
    WEEKDAYS,
    business_day_after,
    business_days_between,
    is_business_day,
    moved,
    next_weekday,
    whole_between,
)

days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), max_size=10)
near = st.dates(date(2025, 12, 1), date(2026, 4, 1))


@pytest.mark.parametrize(
    ("day", "by", "result"),
    [
        ("2026-01-31", {"months": 1}, "2026-02-28"),
        ("2024-02-29", {"years": 1}, "2025-02-28"),
        ("2024-01-31", {"months": 1}, "2024-02-29"),
        ("2026-03-31", {"months": -1}, "2026-02-28"),
        ("2026-01-15", {"months": -13}, "2024-12-15"),
        ("2026-12-31", {"days": 1}, "2027-01-01"),
        ("2026-11-21", {"weeks": 2, "days": -1}, "2026-12-04"),
        ("2026-01-31", {"months": 1, "days": 1}, "2026-03-01"),
    ],
)
def test_months_end_where_they_end(day: str, by: dict[str, int], result: str) -> None:
    assert moved(date.fromisoformat(day), **by) == date.fromisoformat(result)


@pytest.mark.parametrize(
    "by", [{"years": 8000}, {"years": -3000}, {"days": 10**7}, {"months": -(10**6)}]
)
def test_beyond_the_calendar_is_an_error(by: dict[str, int]) -> None:
    with pytest.raises(OverflowError):
        moved(date(2026, 1, 1), **by)


@given(near, near, holidays)
def test_business_days_are_counted_as_one_by_one(
    start: date, end: date, free: frozenset[date]
) -> None:
    low, high = min(start, end), max(start, end)
    walked = (low + timedelta(each) for each in range((high - low).days + 1))
    counted = sum(is_business_day(day, free) for day in walked if day != start)
    sign = 1 if end >= start else -1
    assert business_days_between(start, end, free) == sign * counted


@given(near, st.integers(-40, 40), holidays)
def test_so_many_business_days_on_is_so_many_between(
    day: date, count: int, free: frozenset[date]
) -> None:
    there = business_day_after(day, count, free)
    assert count == 0 or is_business_day(there, free)
    assert business_days_between(day, there, free) == count


@given(days, st.sampled_from(WEEKDAYS))
def test_the_next_weekday_is_within_a_week(day: date, weekday: str) -> None:
    found = next_weekday(day, weekday)
    assert found.weekday() == WEEKDAYS.index(weekday)
    assert 1 <= (found - day).days <= 7


@given(days, days)
def test_years_months_and_days_lead_there(start: date, end: date) -> None:
    years, months, rest = whole_between(start, end)
    assert 0 <= months < 12
    assert 0 <= rest < 31
    assert moved(min(start, end), years=years, months=months, days=rest) == max(start, end)
