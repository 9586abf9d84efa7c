"""The values that slots keep, whoever gives them: the author of a graph, a tool, a telephone."""

from datetime import date, time

from app.calls.flows import graph
from app.calls.flows.graph import Capture, Value

_MOST_LETTERS = 500
_MOST_KEYS = 32


def kept(capture: Capture, value: Value) -> Value | None:
    """As the slot keeps it; None where it makes no sense there."""
    text = str(value).strip()[:_MOST_LETTERS]
    try:
        match capture:
            case graph.Choice():
                return text if text in capture.options else None
            case graph.Number():
                number = float(text)
                whole = int(number)
                return whole if whole == number else number
            case graph.Date():
                return date.fromisoformat(text).isoformat()
            case graph.Time():
                return time.fromisoformat(text).strftime("%H:%M")
            case graph.YesNo():
                return {"true": True, "false": False}.get(text.lower())
            case _:
                return text or None
    except (ValueError, OverflowError):
        return None


def keyed(capture: Capture, keys: str) -> Value | None:
    """What the keys of a telephone say; None where they say nothing here."""
    digits = keys[:_MOST_KEYS].rstrip("#*")
    match capture:
        case graph.Choice():
            return capture.named_by(keys)
        case graph.YesNo():
            return {"1": True, "2": False}.get(keys)
        case graph.Digits() | graph.Phone() if digits.isdecimal():
            return digits if capture.least <= len(digits) <= capture.most else None
        case graph.Number() if digits.isdecimal():
            return int(digits) if capture.least <= int(digits) <= capture.most else None
        case _:
            return None
