"""What an agent is told to be and how it behaves in a call, and what can be wrong with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.calls.agents.sentences import sentences_of
from app.core.errors import Conflict, NotFound, Unprocessable
from app.core.misfits import misfit
from app.core.not_applied import NotApplied
from app.realtime.endpointing import Patience
from app.realtime.session import Phrases
from app.realtime.silence import SilenceRules
from app.tenancy.domain.audit import AuditedEvent

MOST_AGENTS = 100
LONGEST_GRAPH = 64 * 1024
"""Bytes of JSON."""

ANY_VOICE = "default"

_NO_NUL = "^[^\\0]*$"
_ON_ONE_LINE = "^[^\\x00-\\x1f\\x7f]*$"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_ON_ONE_LINE)]
Word = Annotated[str, msgspec.Meta(max_length=100, pattern=_ON_ONE_LINE)]
Instructions = Annotated[str, msgspec.Meta(max_length=50_000, pattern=_NO_NUL)]
Sentence = Annotated[str, msgspec.Meta(max_length=1000, pattern=_NO_NUL)]
Speed = Annotated[float, msgspec.Meta(ge=0.5, le=2.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.1, le=10)]


class AgentNotFound(NotFound):
    pass


class AgentVersionNotFound(NotFound):
    pass


class AgentsFull(Conflict):
    pass


class AgentInvalid(Unprocessable):
    """`details["field"]` names what is wrong."""

    code = "agent_invalid"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}", field=field)


class AgentSaved(AuditedEvent, frozen=True):
    agent_id: UUID
    name: str
    version: int
    reason: str


class AgentDeleted(AuditedEvent, frozen=True):
    agent_id: UUID
    name: str


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class PatienceSettings(_Part, frozen=True):
    """How much silence ends the turn of a caller: see `realtime.endpointing.Patience`."""

    short_s: Seconds = 0.35
    usual_s: Seconds = 0.6
    long_s: Seconds = 1.5

    def __post_init__(self) -> None:
        if not self.short_s <= self.usual_s <= self.long_s:
            raise ValueError("short_s <= usual_s <= long_s must hold")


class SilenceSettings(_Part, frozen=True):
    """After `quiet_s` without a sound the agent says `prompt`, `strikes` times, then hangs up."""

    enabled: bool = True
    quiet_s: Annotated[float, msgspec.Meta(ge=2, le=120)] = 8.0
    strikes: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1
    prompt: Sentence = ""


class Behavior(_Part, frozen=True):
    """Each of these can be switched. A sentence that is empty is ours, in the agent's language."""

    smart_endpointing: bool = True
    """Waits longer where a phrase or its sound is unfinished; else always `usual_s`."""
    think_ahead: bool = True
    """Begins an answer before the turn is over, now and then in vain. Not where it has tools."""
    smart_turn: bool = False
    """Has a model judge by the sound of each pause whether that is the end."""
    patience: PatienceSettings = PatienceSettings()
    barge_in: bool = True
    backchannel: bool = True
    closing_phrases: bool = True
    """Hangs up when both have said goodbye."""
    silence: SilenceSettings = SilenceSettings()
    emotion_adaptation: bool = True
    number_pronunciation: bool = True
    """4500 is said forty-five hundred, in American English."""
    room_tone: bool = False
    filler: Sentence = ""
    """Said where an answer is long in coming; empty: nothing."""
    voicemail: Sentence = ""
    """Said to an answering machine; empty: hangs up on one."""
    failure: Sentence = ""
    """Said where no answer can be had."""
    goodbye: Sentence = ""
    """Said before it hangs up of itself."""
    recording: bool = True
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = 90
    """How long recordings and transcripts are kept; null: until somebody deletes them."""


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`voice`: an id or another name of a voice, or the id of one of the organization's own.

    `graph`: a dialogue graph, which answers in the place of a language model and opens the call,
    after the greeting.
    """

    name: Name
    system_prompt: Instructions = ""
    greeting: Sentence = ""
    voice: Word = ANY_VOICE
    voice_gender: Literal["", "female", "male"] = ""
    llm_model: Word = ""
    language: Word = ""
    video_enabled: bool = False
    speed: Speed = 1.0
    tools: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)] = ()
    graph: dict[str, Any] | None = None
    behavior: Behavior = Behavior()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name: it is empty")

    @property
    def asked_voice(self) -> str:
        """The gender chooses where no voice is named."""
        return self.voice if self.voice != ANY_VOICE else self.voice_gender or self.voice

    @property
    def patience(self) -> Patience:
        asked = self.behavior.patience
        return Patience(asked.short_s, asked.usual_s, asked.long_s)

    @property
    def silence_rules(self) -> SilenceRules | None:
        """None: nobody minds silence."""
        asked = self.behavior.silence
        return SilenceRules(asked.quiet_s, asked.strikes) if asked.enabled else None

    def phrases(self, language: str) -> Phrases:
        """What is said without thinking, in the language that the agent speaks."""
        ours, behavior = sentences_of(language), self.behavior
        return Phrases(
            greeting=self.greeting,
            failure=behavior.failure or ours.failure,
            silence=behavior.silence.prompt or ours.silence,
            goodbye=behavior.goodbye or ours.goodbye,
            filler=behavior.filler,
        )


@dataclass(frozen=True, slots=True)
class Agent:
    """As it is now, which is its version of this number."""

    id: UUID
    version: int
    settings: AgentSettings
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """As it was after a change, who made that, and why: created, changed, rolled back, cloned."""

    id: UUID
    agent_id: UUID
    number: int
    settings: AgentSettings
    made_at: datetime
    made_by: str
    reason: str


def settings_of(fields: Mapping[str, Any]) -> AgentSettings:
    """Of the values of JSON."""
    try:
        return msgspec.convert(fields, AgentSettings)
    except msgspec.ValidationError as error:
        raise AgentInvalid(*misfit(error)) from None


def changed(settings: AgentSettings, changes: Mapping[str, Any]) -> AgentSettings:
    """The fields of `behavior`, and of its parts, change one by one; everything else as a whole."""
    return settings_of(_merged(msgspec.to_builtins(settings), changes, into=("behavior",)))


def renamed_copy(settings: AgentSettings) -> AgentSettings:
    return replace(settings, name=f"{settings.name[:190]} (copy)")


def gender_not_applied(settings: AgentSettings, gender: str) -> list[NotApplied]:
    """`gender`: that of the voice that speaks."""
    if settings.voice_gender in ("", gender):
        return []
    return [NotApplied("voice_gender", f"the voice {settings.voice} is {gender}")]


def _merged(
    old: Mapping[str, Any], changes: Mapping[str, Any], *, into: tuple[str, ...]
) -> dict[str, Any]:
    parts = {
        name: _merged(old[name], changes[name], into=("patience", "silence"))
        for name in into
        if isinstance(old.get(name), dict) and isinstance(changes.get(name), dict)
    }
    return {**old, **changes, **parts}
