"""The tools that every organization has, as a model calls them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.core.scope import OrgScope
from app.llm.tools.built_in import built_in_tools
from app.llm.tools.tool import ToolOutcome
from app.llm.tools.toolbox import Toolbox

SCOPE = OrgScope(uuid4(), "test")
NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


async def called(name: str, **arguments: Any) -> ToolOutcome:
    return await Toolbox(built_in_tools(lambda: NOW)).call(SCOPE, name, arguments)


async def said(name: str, **arguments: Any) -> dict[str, Any]:
    outcome = await called(name, **arguments)
    assert not outcome.is_error, outcome.text
    return json.loads(outcome.text)


async def test_it_is_another_day_elsewhere() -> None:
    told = await said("date_time", zone="Asia/Kolkata")
    assert told == {
        "date": "2026-11-22",
        "time": "00:00:00",
        "weekday": "sunday",
        "zone": "Asia/Kolkata",
        "utc_offset": "+0530",
        "iso": "2026-11-22T00:00:00+05:30",
    }
    assert (await said("date_time"))["iso"] == "2026-11-21T18:30:00+00:00"


async def test_a_moment_is_told_in_another_zone_across_summer_time() -> None:
    for at, there in (("2026-07-01T09:00", "12:30:00"), ("2026-01-01T09:00", "13:30:00")):
        told = await said("date_time", at=at, at_zone="Europe/Paris", zone="Asia/Kolkata")
        assert told["time"] == there
    told = await said("date_time", at="2026-01-01T00:00:00+05:30")
    assert told["iso"] == "2025-12-31T18:30:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": "America"}, "zone"),
        ({"zone": "a\0b"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"zone": 5}, "zone"),
        ({"zone": "x" * 65}, "zone"),
        ({"at": "tomorrow"}, "at"),
        ({"at": "0001-01-01T00:00", "zone": "America/Chicago"}, "at"),
        ({"at": "2026-01-01T00:00", "at_zone": "Nowhere"}, "at_zone"),
        ({"where": "here"}, "where"),
    ],
)
async def test_what_is_wrong_names_its_field(arguments: dict[str, Any], field: str) -> None:
    outcome = await called("date_time", **arguments)
    assert outcome.is_error
    assert outcome.text.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"operation": "add", "date": "2026-11-20", "business_days": 1},
            {"date": "2026-11-23", "weekday": "monday", "is_business_day": True},
        ),
        (
            {
                "operation": "add",
                "date": "2026-12-24",
                "business_days": 1,
                "holidays": ["2026-12-25"],
            },
            {"date": "2026-12-28", "weekday": "monday", "is_business_day": True},
        ),
        (
            {"operation": "difference", "date": "2026-01-31", "other": "2026-03-01"},
            {"days": 29, "business_days": 20, "in_words": "0 years, 1 months and 1 days"},
        ),
        (
            {"operation": "weekday", "date": "2026-11-21"},
            {"date": "2026-11-21", "weekday": "saturday", "is_business_day": False},
        ),
        (
            {"operation": "next_weekday", "date": "2026-11-21", "weekday": "saturday"},
            {"date": "2026-11-28", "weekday": "saturday", "is_business_day": False},
        ),
    ],
)
async def test_the_calendar(arguments: dict[str, Any], told: dict[str, Any]) -> None:
    assert await said("calendar", **arguments) == told


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"operation": "add", "date": "2026-02-30"}, "date"),
        ({"operation": "add", "date": "21.11.2026"}, "date"),
        ({"operation": "add"}, "date"),
        ({"operation": "explode", "date": "2026-02-03"}, "operation"),
        ({"operation": "difference", "date": "2026-02-03"}, "other"),
        ({"operation": "next_weekday", "date": "2026-02-03"}, "weekday"),
        ({"operation": "add", "date": "2026-02-03", "days": 2**80}, "days"),
        ({"operation": "add", "date": "9999-12-31", "days": 1}, "9999"),
        ({"operation": "add", "date": "9999-12-31", "business_days": 5}, "9999"),
        ({"operation": "add", "date": "2026-02-03", "business_days": 10**6}, "business_days"),
        ({"operation": "difference", "date": "0001-01-01", "other": "2026-02-31"}, "other"),
    ],
)
async def test_the_calendar_says_what_is_wrong(arguments: dict[str, Any], word: str) -> None:
    outcome = await called("calendar", **arguments)
    assert outcome.is_error
    assert word in outcome.text
    assert "failed" not in outcome.text


async def test_the_calculator() -> None:
    assert await said("calculator", expression="19.99 * 3") == {
        "result": "59.97",
        "is_exact": True,
    }
    outcome = await called("calculator", expression="9**9**9")
    assert (outcome.is_error, outcome.text) == (True, "expression: its value is too large")
