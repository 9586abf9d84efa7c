"""`collections`: whether a call about a debt kept to the rules, and what came of it."""

from typing import Any, Literal, get_args

import msgspec

from app.llm.analysis.evidence import Cited, Evidence, Witness

Rule = Literal["identity_verification", "reason_stated", "amount_mentioned", "no_harassment"]
CallOutcome = Literal[
    "paid",
    "promise_to_pay",
    "payment_plan",
    "callback_agreed",
    "disputed",
    "refused",
    "wrong_person",
    "no_agreement",
    "unclear",
]
Sentiment = Literal["positive", "neutral", "negative", "mixed"]
RULES: tuple[Rule, ...] = get_args(Rule)

TASK = (
    "Check this call of a debt collector for compliance. `met` says of each rule whether the "
    "collector kept it, and is null where the call ended before it mattered: "
    "identity_verification (they made sure whom they speak to before they spoke of the debt), "
    "reason_stated (they said why they call), amount_mentioned (they said what is owed), "
    "no_harassment (no threats, insults or pressure). To each give a comment of a sentence, and "
    "as evidence the numbers of segments with words quoted from them letter by letter; for "
    "no_harassment, of what breaks it. `call_outcome` is what was agreed, `customer_sentiment` how "
    "the customer felt, `next_action` what the collector must do next, `summary` a paragraph."
)


class RuleFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    met: bool | None
    comment: str
    evidence: list[Cited]


class CollectionsFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the model answers it."""

    identity_verification: RuleFound
    reason_stated: RuleFound
    amount_mentioned: RuleFound
    no_harassment: RuleFound
    call_outcome: CallOutcome
    customer_sentiment: Sentiment
    next_action: str
    summary: str


class RuleChecked(msgspec.Struct, frozen=True, kw_only=True):
    """`reason`: why nothing is said of it."""

    met: bool | None
    comment: str | None = None
    reason: str | None = None
    has_evidence: bool
    evidence: list[Evidence]


class CollectionsCheck(msgspec.Struct, frozen=True, kw_only=True):
    """`compliance_score`: the part of the rules that was kept, of those that mattered. What is
    null has its `reasons`."""

    compliance: dict[str, RuleChecked]
    compliance_score: float | None
    call_outcome: str | None
    customer_sentiment: str | None
    next_action: str | None
    reasons: dict[str, str]


def checked(found: CollectionsFound, witness: Witness) -> dict[str, Any]:
    compliance = {name: _rule(getattr(found, name), witness) for name in RULES}
    judged = [each.met for each in compliance.values() if each.met is not None]
    return msgspec.to_builtins(
        CollectionsCheck(
            compliance=compliance,
            compliance_score=round(sum(judged) / len(judged), 2) if judged else None,
            call_outcome=found.call_outcome,
            customer_sentiment=found.customer_sentiment,
            next_action=found.next_action,
            reasons={} if judged else {"compliance_score": "none of the rules came to matter"},
        )
    )


def _rule(found: RuleFound, witness: Witness) -> RuleChecked:
    evidence = witness.confirm(found.evidence)
    return RuleChecked(
        met=found.met,
        comment=found.comment,
        reason="the call ended before it mattered" if found.met is None else None,
        has_evidence=bool(evidence),
        evidence=evidence,
    )
