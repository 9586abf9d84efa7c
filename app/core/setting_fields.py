"""How a setting is declared, parsed and described. Holds no setting and reads no environment."""

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from app.core.errors import InvalidInput

S = TypeVar("S")

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Speed = Annotated[float, msgspec.Meta(ge=0.5, le=2)]


class SettingInvalid(InvalidInput):
    """A variable is malformed or not known; the message names it."""


class Secret(str):
    """A setting that is never shown: its repr is stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


@dataclass(frozen=True, slots=True)
class SettingDoc:
    env: str
    type: str
    default: str
    doc: str


def setting(env: str, default: Any, doc: str) -> Any:
    return field(default=default, metadata={"env": env, "doc": doc})


def parse(root: type[S], environ: Mapping[str, str]) -> S:
    """Build `root`, a dataclass of dataclasses of settings, from the variables that are set."""
    sections = {
        name: section(
            **{
                item.name: _value(item.metadata["env"], environ[item.metadata["env"]], hint)
                for item, hint in _fields_of(section)
                if environ.get(item.metadata["env"], "").strip()
            }
        )
        for name, section in get_type_hints(root).items()
    }
    return root(**sections)


def describe(root: type[Any]) -> list[SettingDoc]:
    """The table of settings, for the README."""
    return [
        SettingDoc(
            env=item.metadata["env"],
            type=_type_name(hint),
            default=_shown(item.default),
            doc=item.metadata["doc"],
        )
        for section in get_type_hints(root).values()
        for item, hint in _fields_of(section)
    ]


def refuse_unknown(root: type[Any], environ: Mapping[str, str], prefix: str) -> None:
    known = [item.env for item in describe(root)]
    for name in sorted(environ):
        if name.startswith(prefix) and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SettingInvalid(f"{name} is not a setting of Parley{hint}", setting=name)


def misspellings(root: type[Any], environ: Mapping[str, str]) -> list[str]:
    """Sentences about variables of no prefix of ours that look like a setting, misspelt."""
    known = {item.env for item in describe(root)}
    close = {
        name: difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        for name in sorted(set(environ) - known)
    }
    return [
        f"{name} is set but is not a setting; did you mean {match[0]}?"
        for name, match in close.items()
        if match
    ]


def _fields_of(section: type[Any]) -> Iterator[tuple[Any, Any]]:
    hints = get_type_hints(section, include_extras=True)
    for item in fields(section):
        yield item, hints[item.name]


def _value(env: str, raw: str, hint: Any) -> Any:
    text = raw.strip()
    if hint is Secret:
        return Secret(text)
    if Path in (hint, *get_args(hint)):
        return Path(text)
    try:
        return msgspec.convert(_boolean(text) if hint is bool else text, hint, strict=False)
    except (msgspec.ValidationError, ValueError):
        raise SettingInvalid(
            f"{env} must be {_type_name(hint)}, not {text[:80]!r}", setting=env
        ) from None


def _boolean(text: str) -> str:
    words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    return words.get(text.lower(), text.lower())


def _type_name(hint: Any) -> str:
    if hint is bool:
        return "true or false"
    if get_origin(hint) is Literal:
        return " | ".join(str(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return _type_name(next(arg for arg in get_args(hint) if arg is not types.NoneType))
    if get_origin(hint) is Annotated:
        base, bounds = get_args(hint)[0], get_args(hint)[1]
        return _bounded_name("a whole number" if base is int else "a number", bounds)
    names: dict[Any, str] = {Path: "a path", Secret: "a secret", str: "a text"}
    return names[hint]


def _bounded_name(kind: str, bounds: msgspec.Meta) -> str:
    if bounds.le is None:
        return f"{kind} of at least {bounds.ge}"
    return f"{kind} from {bounds.ge} to {bounds.le}"


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
