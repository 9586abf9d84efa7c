"""What makes an API family: its paths, its routes and the body of its errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from litestar.types import ControllerRouterHandler

from app.core.errors import AppError
from app.core.limits import Limit

ErrorBody = Callable[[AppError, str], Any]


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one caller may ask, and who counts as one."""

    limit: Limit
    by: Literal["address", "token"]
    shows_headers: bool = False


@dataclass(frozen=True, slots=True)
class RouteRate:
    """A tighter rate of one route, for each address. `template` is the whole path."""

    method: str
    template: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Family:
    """`prefixes` say whose body an error has, 404 and 405 included; the longest match wins."""

    name: str
    title: str
    description: str
    prefixes: tuple[str, ...]
    error_body: ErrorBody
    routes: Sequence[ControllerRouterHandler] = field(default=())
    rate: Rate | None = None
    route_rates: Sequence[RouteRate] = field(default=())


class FamilyMap:
    """Finds the family of a path, or of the template of a route."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        self._by_prefix = sorted(
            (
                (prefix, prefix.rstrip("/") + "/", family)
                for family in families
                for prefix in family.prefixes
            ),
            key=lambda row: len(row[0]),
            reverse=True,
        )
        self._by_route: dict[str, Family] = {}

    def of(self, path: str) -> Family:
        for prefix, folder, family in self._by_prefix:
            if path == prefix or path.startswith(folder):
                return family
        raise LookupError(path)

    def of_route(self, template: str) -> Family:
        """The same, remembered: there are only so many templates."""
        family = self._by_route.get(template)
        if family is None:
            family = self._by_route[template] = self.of(template)
        return family
