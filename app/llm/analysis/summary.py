"""`true`: a summary in markdown, of six sections. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from app.llm.analysis.domain import Numbers
from app.llm.analysis.evidence import Witness

TASK = (
    "Summarize this conversation for somebody who was not there. `overview`: a paragraph on what "
    "it was about. `participants`: each speaker by the name of the transcript, and who that seems "
    "to be. `key_topics`: up to eight, the weightiest first. `emotional_dynamics`: how the mood "
    "went, and at what it turned. `entities`: people, organisations, products and places that are "
    "named, as they are written in the segment whose number you give. `outcome`: what was agreed "
    "or left open."
)
_MOST_TOPICS = 12
_MOST_ENTITIES = 60
_UNKNOWN_SPEAKER = "somebody"


class ParticipantFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    speaker: str
    description: str


class EntityFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    name: str
    segment: int


class SummaryFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the model answers it."""

    overview: str
    participants: list[ParticipantFound]
    key_topics: list[str]
    emotional_dynamics: str
    entities: list[EntityFound]
    outcome: str


def summarized(found: SummaryFound, numbers: Numbers, witness: Witness) -> str:
    """With the numbers beside the model's words; of its entities those that were said."""
    described = {each.speaker: each.description for each in found.participants}
    named = [
        f"{each.kind}: {each.name}"
        for each in found.entities
        if witness.said(each.segment, each.name)
    ]
    witness.dropped += len(found.entities) - len(named)
    return markdown(
        overview=found.overview,
        participants=participants(numbers, described),
        topics=found.key_topics[:_MOST_TOPICS],
        emotions=found.emotional_dynamics,
        entities=[*named, *mentioned(numbers)],
        outcome=found.outcome,
    )


def markdown(
    *,
    overview: str,
    participants: Sequence[str],
    topics: Sequence[str],
    emotions: str,
    entities: Sequence[str],
    outcome: str,
) -> str:
    return "\n\n".join(
        (
            f"## Overview\n\n{overview}",
            f"## Participants\n\n{_listed(participants)}",
            f"## Key topics\n\n{_listed(topics)}",
            f"## Emotional dynamics\n\n{emotions}",
            f"## Entities\n\n{_listed(dict.fromkeys(entities))}",
            f"## Outcome\n\n{outcome}",
        )
    )


def participants(numbers: Numbers, described: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for each in numbers.speakers:
        pace = f", {each.pace_wpm:.0f} words per minute" if each.pace_wpm else ""
        words = f" {described[each.speaker]}" if each.speaker in described else ""
        share = f"{each.talk_ratio:.0%} of the speech in {each.turns} turns{pace}"
        lines.append(f"**{each.speaker or _UNKNOWN_SPEAKER}** ({share}){words}")
    return lines


def mentioned(numbers: Numbers) -> list[str]:
    found = [f"{each.type}: {each.value}" for each in numbers.mentions]
    return found[:_MOST_ENTITIES]


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {' '.join(item.split())}" for item in items) or "None."
