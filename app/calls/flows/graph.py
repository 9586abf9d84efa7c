"""A dialogue graph: its states, what it can take in, and the words of both. Pure data."""

from typing import Annotated, TypeAlias

import msgspec

Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Wording = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Wordings: TypeAlias = dict[Language, tuple[Wording, ...]]
"""Several ways to say one thing, or several things that mean one, in each language."""

Value: TypeAlias = str | int | float | bool
"""Dates are `2026-11-24` and times `15:30`: they compare as they are."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Capture(_Part, frozen=True, tag_field="kind", tag=str.lower):
    """How the value of a slot is found in what a caller says or keys in."""


class Option(_Part, frozen=True):
    words: Wordings
    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9*#]?$")] = ""


class Choice(_Capture, frozen=True):
    """One of several, by the words that mean it. Its first word is how it is said back."""

    options: Annotated[dict[Identifier, Option], msgspec.Meta(min_length=1)]

    def named_by(self, key: str) -> str | None:
        return next(
            (name for name, option in self.options.items() if option.key == key != ""), None
        )


class Pattern(_Capture, frozen=True):
    """A run of words that fits an expression as a whole, with spaces and hyphens or without.

    In lower case, with spoken digits as digits. Expressions run in linear time: they know
    neither look-around nor references back.
    """

    expression: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Number(_Capture, frozen=True):
    least: float = 0
    most: float = 1_000_000_000


class Digits(_Capture, frozen=True):
    """Digits said one by one or keyed in, ended by `terminator` where their count is open."""

    least: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    most: Annotated[int, msgspec.Meta(ge=1, le=32)] = 32
    terminator: Annotated[str, msgspec.Meta(pattern=r"^[*#]?$")] = "#"


class Phone(_Capture, frozen=True):
    least: Annotated[int, msgspec.Meta(ge=1, le=20)] = 7
    most: Annotated[int, msgspec.Meta(ge=1, le=20)] = 15


class Date(_Capture, frozen=True):
    """A day; one that is past only if `is_past_allowed`: a date of birth."""

    is_past_allowed: bool = False


class Time(_Capture, frozen=True):
    """A time of day. An hour without more lies between seven in the morning and seven at night."""


class Name(_Capture, frozen=True):
    pass


class Text(_Capture, frozen=True):
    """Whatever was said."""


class YesNo(_Capture, frozen=True):
    pass


Capture: TypeAlias = Choice | Pattern | Number | Digits | Phone | Date | Time | Name | Text | YesNo


class Slot(_Part, frozen=True):
    """`is_volunteered`: also taken in where something else is asked, and when corrected.

    `heard` is said when it was volunteered or corrected: "Tuesday, then."
    """

    capture: Capture
    is_volunteered: bool = False
    heard: Wordings = {}


class Condition(_Part, frozen=True):
    """Of a slot: whether it is filled, one of some values, or not less or more than one."""

    slot: str
    is_filled: bool | None = None
    one_of: tuple[Value, ...] = ()
    least: str | float | None = None
    most: str | float | None = None


class Way(_Part, frozen=True):
    """Leads on where all its conditions hold."""

    to: str
    when: tuple[Condition, ...] = ()


class Call(_Part, frozen=True):
    """A tool to be called by its name; what it gives fills `into`, and its failure empties it."""

    tool: Annotated[str, msgspec.Meta(min_length=1)]
    arguments: dict[str, str] = {}
    into: str = ""


class State(_Part, frozen=True):
    """Says something, then at most one of: asks, calls a tool, transfers, ends the call.

    The first way whose conditions hold leads on. A state whose slot is filled already is passed
    in silence, unless it `asks_anew`. What `sets` fills slots, and null empties them.
    """

    say: Wordings = {}
    asks: str = ""
    asks_anew: bool = False
    reprompts: Wordings = {}
    sets: dict[str, Value | None] = {}
    calls: Call | None = None
    transfers: str = ""
    ends: str = ""
    next: tuple[Way, ...] = ()


class Intent(_Part, frozen=True):
    """What may be meant at any time. Says something, goes `to` a state or else asks again.

    `phrases` add to those that are known for the names help, repeat, operator, goodbye, cancel and
    start_over.
    """

    phrases: Wordings = {}
    say: Wordings = {}
    to: str = ""
    language: str = ""
    forgets: bool = False


class Trouble(_Part, frozen=True):
    """What is said before asking again, and where it leads the `most`th time in a row."""

    to: str
    say: Wordings = {}
    most: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3


class Graph(_Part, frozen=True):
    """The first of `languages` is spoken until a caller speaks another of them."""

    name: Identifier
    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)]
    start: str
    states: Annotated[dict[Identifier, State], msgspec.Meta(min_length=1, max_length=500)]
    unclear: Trouble
    silent: Trouble
    slots: dict[Identifier, Slot] = {}
    intents: dict[Identifier, Intent] = {}
