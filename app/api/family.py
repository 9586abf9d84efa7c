"""What makes an API family: its paths, its routes and the body of its errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar.types import ControllerRouterHandler

from app.core.errors import AppError

ErrorBody = Callable[[AppError, str], Any]


@dataclass(frozen=True, slots=True)
class Family:
    """`prefixes` say whose body an error has, 404 and 405 included; the longest match wins."""

    name: str
    title: str
    description: str
    prefixes: tuple[str, ...]
    error_body: ErrorBody
    routes: Sequence[ControllerRouterHandler] = field(default=())


class FamilyMap:
    """Finds the family of a path."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        self._by_prefix = sorted(
            ((prefix, family) for family in families for prefix in family.prefixes),
            key=lambda pair: len(pair[0]),
            reverse=True,
        )

    def of(self, path: str) -> Family:
        for prefix, family in self._by_prefix:
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return family
        raise LookupError(path)
