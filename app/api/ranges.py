"""Parts of a body that a client asks for by `Range`, as RFC 9110 has them. Pure."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """From `first` up to `end`, of `size`."""

    first: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


class RangeNotSatisfiable(Exception):
    """Nothing of the body lies there."""


def part_of(header: str, size: int) -> Part | None:
    """None: all of it, also where several parts are asked for, or something else than bytes."""
    found = _ONE_RANGE.fullmatch(header.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        last = int(found[2])
        first, end = max(0, size - last), size
    else:
        first = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < first:
            return None
    if first >= end:
        raise RangeNotSatisfiable
    return Part(first, end, size)
