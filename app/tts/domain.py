"""What is asked of speaking, under the documented names, and what can be wrong with it. Pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, TypeVar

import msgspec

from app.core.errors import NotFound, TooLarge, Unavailable, Unprocessable
from app.core.misfits import misfit
from app.core.not_applied import NotApplied
from app.tts.speech import Manner

DEFAULT_VOICE = "af_heart"
MOST_CHARACTERS = 20_000

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Instruction = Annotated[str, msgspec.Meta(max_length=500)]
Speed = Annotated[float, msgspec.Meta(ge=0.5, le=2.0)]
Temperature = Annotated[float, msgspec.Meta(ge=0.0, le=2.0)]
TopK = Annotated[int, msgspec.Meta(ge=0, le=200)]
Exaggeration = Annotated[float, msgspec.Meta(ge=0.0, le=2.0)]


class SpeechOptionInvalid(Unprocessable):
    """The message and `details["field"]` name it."""

    code = "option_invalid"


class VoiceUnknown(Unprocessable):
    """No voice has that name."""

    code = "voice_unknown"


class VoiceNotFound(NotFound):
    """The same, where the voice is what is asked for."""


class SpeechLanguageUnknown(Unprocessable):
    """Nothing here speaks it; `details` lists what is spoken."""

    code = "language_unknown"


class TextEmpty(Unprocessable):
    """Nothing in it can be spoken."""

    code = "text_empty"


class TextTooLong(TooLarge):
    """More than `MOST_CHARACTERS`; `details` has the limit."""

    code = "text_too_long"


class SpeakersBusy(Unavailable):
    """One more voice would make gaps in those that speak."""

    code = "speakers_busy"


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How it is to be said. Bounds hold where it is made of what somebody sent."""

    voice: Name | None = None
    """Left out it is the default of those there are."""
    language: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Left out it is the voice's own: English for the default one."""
    speed: Speed = 1.0
    temperature: Temperature = 0.6
    top_k: TopK = 50
    exaggeration: Exaggeration = 0.0
    instruct: Instruction = ""

    def __post_init__(self) -> None:
        for name in ("speed", "temperature", "exaggeration"):
            if not isfinite(getattr(self, name)):
                raise ValueError(f"{name}: it is no finite number")


def check_text(text: str) -> None:
    if not text.strip():
        raise TextEmpty("text: it is empty", field="text")
    if len(text) > MOST_CHARACTERS:
        raise TextTooLong(
            f"text: it has {len(text)} characters; at most {MOST_CHARACTERS} are spoken at once",
            field="text",
            limit=MOST_CHARACTERS,
        )


S = TypeVar("S", bound=msgspec.Struct)


def parse_speech(fields: Mapping[str, Any], kind: type[S]) -> S:
    """Of the values of JSON. Null is as good as left out; unknown names are passed over."""
    named = {name: value for name, value in fields.items() if value is not None}
    try:
        return msgspec.convert(named, kind, strict=False)
    except msgspec.ValidationError as error:
        field, fault = misfit(error)
        raise SpeechOptionInvalid(f"{field}: {fault}", field=field) from None


USUAL = Manner(voice=DEFAULT_VOICE, language="")
_OPTIONS = ("speed", "temperature", "top_k", "exaggeration", "instruct")


def find_not_applied(manner: Manner, ignores: frozenset[str]) -> list[NotApplied]:
    return [
        NotApplied(name, "this engine has nothing that it could change")
        for name in _OPTIONS
        if name in ignores and getattr(manner, name) != getattr(USUAL, name)
    ]
