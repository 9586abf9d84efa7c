"""Graphs as documents: read, checked, and the example that is shipped."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from app.calls.flows.graph import Graph, Intent, Slot, State
from app.calls.flows.paths import path_problems
from app.calls.flows.problems import Problem, problems
from app.core.errors import InvalidInput


class _Outline(msgspec.Struct, frozen=True):
    """The parts that are read one by one: a path within a mapping would not name the key."""

    slots: dict[str, Any] = {}
    states: dict[str, Any] = {}
    intents: dict[str, Any] = {}


class GraphInvalid(InvalidInput):
    """`details["problems"]` has the path of each field that is wrong, and what is wrong with it."""

    code = "graph_invalid"

    def __init__(self, found: list[Problem]) -> None:
        first = found[0]
        message = f"{first.path}: {first.problem}" if first.path else first.problem
        super().__init__(message, problems=[msgspec.to_builtins(item) for item in found])


def graph_of(document: bytes) -> Graph:
    """Of JSON."""
    found = list(_misfits(document))
    if found:
        raise GraphInvalid(found)
    flow = msgspec.json.decode(document, type=Graph)
    found = list(problems(flow)) or list(path_problems(flow))
    if found:
        raise GraphInvalid(sorted(found, key=lambda item: item.path))
    return flow


def schema() -> dict[str, Any]:
    """The JSON schema of these documents, for editors. Only `graph_of` knows all the rules."""
    return msgspec.json.schema(Graph)


@cache
def appointment() -> Graph:
    """Takes an appointment, in English and Hindi."""
    return graph_of(files("app.calls.flows").joinpath("examples/appointment.json").read_bytes())


def _misfits(document: bytes) -> Iterator[Problem]:
    """What is no JSON, or not of the shape of a graph."""
    try:
        content = msgspec.json.decode(document)
        outline = msgspec.convert(content, _Outline)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield _problem(error, "")
        return
    found = [
        problem
        for part, items, kind in (
            ("slots", outline.slots, Slot),
            ("states", outline.states, State),
            ("intents", outline.intents, Intent),
        )
        for name, item in items.items()
        for problem in _misfit(item, kind, f"{part}.{name}")
    ]
    yield from found or _misfit(content, Graph, "")


def _misfit(item: object, kind: type, path: str) -> Iterator[Problem]:
    try:
        msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        yield _problem(error, path)


def _problem(error: Exception, within: str) -> Problem:
    text, _, where = str(error).partition(" - at ")
    inside = where.strip("`").removeprefix("$")
    return Problem((within + inside).removeprefix("."), text)
