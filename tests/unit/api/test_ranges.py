"""Which part of a body a `Range` asks for."""

import pytest

from app.api.ranges import Part, RangeNotSatisfiable, part_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes = 5 - 6", (5, 7)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_a_part_is_what_was_asked_for_or_all(header: str, part: tuple[int, int] | None) -> None:
    assert part_of(header, 100) == (part and Part(*part, 100))


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_nothing_lies_beyond_the_end(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        part_of(header, 100)
