"""`sales_coaching`: eight practices of a sales call, each scored and borne out by what was said."""

from statistics import mean
from typing import Annotated, Any, Literal, get_args

import msgspec

from app.llm.analysis.evidence import Cited, Evidence, Witness

Practice = Literal[
    "greeting",
    "discovery_questions",
    "active_listening",
    "objection_handling",
    "value_proposition",
    "urgency_creation",
    "next_steps",
    "closing",
]
BuyerOutcome = Literal["committed", "interested", "undecided", "declined", "unclear"]
Behavior = Literal[
    "greeting",
    "discovery_question",
    "question",
    "active_listening",
    "answer",
    "objection",
    "objection_handling",
    "value_proposition",
    "urgency_creation",
    "next_steps",
    "closing",
    "small_talk",
    "other",
]
PRACTICES: tuple[Practice, ...] = get_args(Practice)
Score = Annotated[int, msgspec.Meta(ge=0, le=10)]

TASK = (
    "Coach the seller of this sales call. Score these practices of the seller from 0 (not done, or "
    "badly) to 10 (as well as it can be done): greeting, discovery_questions, active_listening, "
    "objection_handling, value_proposition, urgency_creation, next_steps, closing. The score is "
    "null where the call gave no occasion for it. To each give a comment of one or two sentences "
    "on what to keep or to do otherwise, and as evidence the numbers of segments with words quoted "
    "from them letter by letter. `buyer_outcome` is where the buyer stands at the end; "
    "`highlights` are up to five moments to learn from; `summary` is a paragraph."
)
BEHAVIORS_TASK = (
    "Say of every segment of this part of a sales call what its speaker does in it, by the number "
    "of the segment: one label for each segment, none left out."
)


class PracticeFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    score: Score | None
    comment: str
    evidence: list[Cited]


class HighlightFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["strength", "improvement"]
    text: str
    evidence: list[Cited]


class SalesFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the model answers it."""

    greeting: PracticeFound
    discovery_questions: PracticeFound
    active_listening: PracticeFound
    objection_handling: PracticeFound
    value_proposition: PracticeFound
    urgency_creation: PracticeFound
    next_steps: PracticeFound
    closing: PracticeFound
    buyer_outcome: BuyerOutcome
    highlights: list[HighlightFound]
    summary: str


class BehaviorFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    segment: int
    behavior: Behavior


class BehaviorsFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    behaviors: list[BehaviorFound]


class PracticeScored(msgspec.Struct, frozen=True, kw_only=True):
    """`reason`: why there is no score, where nobody could give one."""

    score: int | None = None
    comment: str | None = None
    reason: str | None = None
    has_evidence: bool
    evidence: list[Evidence]


class Highlight(msgspec.Struct, frozen=True):
    kind: str
    text: str
    has_evidence: bool
    evidence: list[Evidence]


class SegmentBehavior(msgspec.Struct, frozen=True):
    """`source`: the recognizer's own label, the language model or a rule of ours."""

    segment: int
    speaker: str | None
    behavior: str
    source: Literal["recognizer", "model", "rule"]


class SalesCoaching(msgspec.Struct, frozen=True, kw_only=True):
    """`overall_score`: of the scores the mean. What is null has its `reasons`."""

    overall_score: float | None
    practices: dict[str, PracticeScored]
    buyer_outcome: str | None
    highlights: list[Highlight]
    behaviors: list[SegmentBehavior]
    reasons: dict[str, str]


def coached(
    found: SalesFound, behaviors: list[SegmentBehavior], witness: Witness
) -> dict[str, Any]:
    practices = {name: _scored(getattr(found, name), witness) for name in PRACTICES}
    scores = [each.score for each in practices.values() if each.score is not None]
    highlights = [(each, witness.confirm(each.evidence)) for each in found.highlights]
    return msgspec.to_builtins(
        SalesCoaching(
            overall_score=round(mean(scores), 1) if scores else None,
            practices=practices,
            buyer_outcome=found.buyer_outcome,
            highlights=[
                Highlight(each.kind, each.text, bool(evidence), evidence)
                for each, evidence in highlights
            ],
            behaviors=behaviors,
            reasons={} if scores else {"overall_score": "no practice had an occasion"},
        )
    )


def _scored(found: PracticeFound, witness: Witness) -> PracticeScored:
    evidence = witness.confirm(found.evidence)
    return PracticeScored(
        score=found.score,
        comment=found.comment,
        reason="the call gave no occasion for it" if found.score is None else None,
        has_evidence=bool(evidence),
        evidence=evidence,
    )
