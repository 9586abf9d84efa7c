"""The tools that every organization has: what time it is, the calendar, arithmetic."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.core.clock import utc_now
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.arithmetic import LONGEST, reckon
from app.llm.tools.dates import (
    WEEKDAYS,
    business_day_after,
    business_days_between,
    is_business_day,
    moved,
    next_weekday,
    whole_between,
)
from app.llm.tools.tool import Tool, ToolOutcome, ToolRefused, as_result

TIMEOUT_S = 5.0
MOST_DAYS = 4_000_000
MOST_BUSINESS_DAYS = 5000
"""They are walked one by one."""

_DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": "As 2026-11-21"}
_COUNT = {"type": "integer", "minimum": -MOST_DAYS, "maximum": MOST_DAYS}
_BUSINESS_DAYS = {
    "type": "integer",
    "minimum": -MOST_BUSINESS_DAYS,
    "maximum": MOST_BUSINESS_DAYS,
}
_ZONE = {
    "type": "string",
    "maxLength": 64,
    "description": "An IANA time zone such as Asia/Kolkata; UTC where it is left out",
}

CLOCK = ToolSpec(
    "date_time",
    "Tells the date, time and weekday in a time zone: now, or at a moment that is given.",
    {
        "type": "object",
        "properties": {
            "zone": _ZONE,
            "at": {
                "type": "string",
                "maxLength": 40,
                "description": "A moment in ISO 8601 to be told in `zone` instead of now",
            },
            "at_zone": _ZONE | {"description": "The zone of `at`, where `at` names none"},
        },
        "additionalProperties": False,
    },
)

CALENDAR = ToolSpec(
    "calendar",
    "Reckons with dates. add: moves `date` by `years`, `months`, `weeks`, `days` and "
    "`business_days`, which may be below 0. difference: from `date` to `other`. weekday: which day "
    "of the week `date` is. next_weekday: the first `weekday` after `date`. Business days are "
    "Monday to Friday without `holidays`.",
    {
        "type": "object",
        "properties": {
            "operation": {"enum": ["add", "difference", "weekday", "next_weekday"]},
            "date": _DAY,
            "other": _DAY,
            "years": _COUNT,
            "months": _COUNT,
            "weeks": _COUNT,
            "days": _COUNT,
            "business_days": _BUSINESS_DAYS,
            "weekday": {"enum": list(WEEKDAYS)},
            "holidays": {"type": "array", "items": _DAY, "maxItems": 200},
        },
        "required": ["operation", "date"],
        "additionalProperties": False,
    },
)

CALCULATOR = ToolSpec(
    "calculator",
    "Reckons exactly in decimal numbers, as for money: + - * / ^, // and % for whole division and "
    "its rest, 15% for a part of a hundred, parentheses, abs, avg, ceil, floor, max, min, sqrt, "
    "sum, and round(value, places), which rounds halves away from zero. No commas within numbers.",
    {
        "type": "object",
        "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": LONGEST}},
        "required": ["expression"],
        "additionalProperties": False,
    },
)


class _Asked(msgspec.Struct, frozen=True):
    operation: str
    day: date = msgspec.field(name="date")
    other: date | None = None
    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    business_days: int = 0
    weekday: str = ""
    holidays: frozenset[date] = frozenset()


class BuiltIn:
    """A tool that asks nobody and is done at once."""

    timeout_s = TIMEOUT_S

    def __init__(self, spec: ToolSpec, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.spec = spec
        self._answer = answer

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        return as_result(self._answer(arguments))


def built_in_tools(now: Callable[[], datetime] = utc_now) -> tuple[Tool, ...]:
    return (
        BuiltIn(CLOCK, lambda arguments: tell_time(arguments, now)),
        BuiltIn(CALENDAR, tell_date),
        BuiltIn(CALCULATOR, calculate),
    )


def tell_time(arguments: Mapping[str, Any], now: Callable[[], datetime]) -> dict[str, Any]:
    zone = _zone(arguments, "zone")
    moment = _moment(arguments) if "at" in arguments else now()
    try:
        local = moment.astimezone(zone)
    except OverflowError:
        raise ToolRefused("at: it is out of range") from None
    return {
        "date": local.date(),
        "time": local.strftime("%H:%M:%S"),
        "weekday": WEEKDAYS[local.weekday()],
        "zone": zone.key,
        "utc_offset": local.strftime("%z"),
        "iso": local.isoformat(timespec="seconds"),
    }


def _moment(arguments: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(arguments["at"])
    except ValueError:
        raise ToolRefused("at: it is no moment in ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=_zone(arguments, "at_zone"))


def _zone(arguments: Mapping[str, Any], field: str) -> ZoneInfo:
    name = arguments.get(field, "UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ToolRefused(f"{field}: {name!r} is no IANA time zone") from None


def tell_date(arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        asked = msgspec.convert(arguments, _Asked)
    except msgspec.ValidationError as error:
        raise ToolRefused(f"There is no such day: {error}") from None
    try:
        return _OPERATIONS[asked.operation](asked)
    except (OverflowError, ValueError):
        raise ToolRefused("The result is not within the years 1 to 9999") from None


def _add(asked: _Asked) -> dict[str, Any]:
    day = moved(
        asked.day, years=asked.years, months=asked.months, weeks=asked.weeks, days=asked.days
    )
    return _described(business_day_after(day, asked.business_days, asked.holidays), asked)


def _difference(asked: _Asked) -> dict[str, Any]:
    if asked.other is None:
        raise ToolRefused("other: it is missing")
    years, months, days = whole_between(asked.day, asked.other)
    return {
        "days": (asked.other - asked.day).days,
        "business_days": business_days_between(asked.day, asked.other, asked.holidays),
        "in_words": f"{years} years, {months} months and {days} days",
    }


def _weekday(asked: _Asked) -> dict[str, Any]:
    return _described(asked.day, asked)


def _next_weekday(asked: _Asked) -> dict[str, Any]:
    if not asked.weekday:
        raise ToolRefused("weekday: it is missing")
    return _described(next_weekday(asked.day, asked.weekday), asked)


def _described(day: date, asked: _Asked) -> dict[str, Any]:
    return {
        "date": day,
        "weekday": WEEKDAYS[day.weekday()],
        "is_business_day": is_business_day(day, asked.holidays),
    }


_OPERATIONS: Mapping[str, Callable[[_Asked], dict[str, Any]]] = {
    "add": _add,
    "difference": _difference,
    "weekday": _weekday,
    "next_weekday": _next_weekday,
}


def calculate(arguments: Mapping[str, Any]) -> dict[str, Any]:
    reckoned = reckon(arguments["expression"])
    return {"result": reckoned.text, "is_exact": reckoned.is_exact}
