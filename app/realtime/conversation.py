"""What was said in a call, as both sides heard it, and what a call is made of. Pure."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from app.core.audio.convert import Samples


@dataclass(frozen=True, slots=True)
class Line:
    """`is_cut`: the rest of it was never heard."""

    role: Literal["user", "agent", "developer"]
    text: str
    at_s: float
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class EndCall:
    """When what was said before it has been heard."""

    reason: str


@dataclass(frozen=True, slots=True)
class TransferCall:
    to: str


Act: TypeAlias = EndCall | TransferCall


class Brain(Protocol):
    def reply(self, lines: Sequence[Line]) -> AsyncGenerator[str | Act, None]:
        """Pieces of text, in whatever size they come, and what is to be done. Closing the generator
        ends the thinking."""
        ...


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word of a spoken text: it ends before `end` of the text and is heard until `end_s`."""

    end: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound at the rate of the call, without a gap after the piece before it. Times of words count
    from the beginning of the text that they belong to. `is_written`: the text cannot be spoken to
    its end; it is shown, and counts as heard."""

    sound: Samples
    words: tuple[HeardWord, ...] = ()
    is_written: bool = False


class Mouth(Protocol):
    def speak(self, text: str) -> AsyncGenerator[Spoken, None]: ...
