"""What is honestly said of a conversation without a model to judge it: numbers and phrases that
are there. All else is null, with the reason. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from app.llm.analysis import rules
from app.llm.analysis.computed import words_of
from app.llm.analysis.debts import RULES, CollectionsCheck, RuleChecked
from app.llm.analysis.domain import Conversation, Numbers
from app.llm.analysis.evidence import Evidence
from app.llm.analysis.sales import (
    PRACTICES,
    PracticeScored,
    SalesCoaching,
    SegmentBehavior,
)
from app.llm.analysis.summary import markdown, mentioned, participants
from app.llm.quoting import SHORT_RULE

SYSTEM = f"You write short summaries. {SHORT_RULE}"
TASK = "Summarize this phone call in one sentence."
"""Of the wordings that were tried on real calls it makes the most of this one."""
UNRELIABLE = (
    "Written by the small language model that comes with Parley: it is unreliable, and its prose "
    "may be wrong. The numbers do not come from it. Set LLM_PROVIDER for a full analysis."
)
WORDLESS = "The small language model found no words for it."
NEEDS_A_MODEL = "this takes judgement; set LLM_PROVIDER to a model that has it"
_NO_RULE = "no phrase that the rules know was said, which does not mean it was not done"
_OTHER_LANGUAGE = "the rules know English phrases only"
_BY_WHOM = "a phrase of it was said; a rule cannot tell by whom or how well"
_MOST_TOPICS = 8
_SHORTEST_TOPIC = 5
_NO_TOPICS = (
    "about actually after again against along already although always another anything around "
    "because before being could couldn't course different doing don't either enough every "
    "everybody everything exactly first going gonna great guess having here's isn't little maybe "
    "might never nothing other ought people pretty probably quite rather really right second "
    "should since somebody something sometimes still thank thanks that'll that's their there "
    "there's these they'll they're they've thing things think third those though thought through "
    "today together under until wanna wasn't we'll we're we've what's where whether which while "
    "without would wouldn't you'll you're you've"
)


def believable(prose: str) -> str:
    """Its first paragraph; none where it repeats what it was asked, or itself."""
    first = prose.strip().partition("\n")[0]
    words = words_of(first)
    runs = [*zip(words, words[1:], words[2:], words[3:], strict=False)]
    is_said_again = TASK[:20].casefold() in first.casefold() or len(set(runs)) < len(runs)
    return WORDLESS if not first or is_said_again else first


def summarized(overview: str, numbers: Numbers, conversation: Conversation) -> str:
    return markdown(
        overview=overview,
        participants=participants(numbers, {}),
        topics=_frequent(conversation),
        emotions=_emotions(numbers),
        entities=mentioned(numbers),
        outcome=f"Not told: {NEEDS_A_MODEL}.",
    )


def coached(conversation: Conversation, behaviors: Sequence[SegmentBehavior]) -> dict[str, Any]:
    return msgspec.to_builtins(
        SalesCoaching(
            overall_score=None,
            practices=_practices(conversation),
            buyer_outcome=None,
            highlights=[],
            behaviors=[*behaviors],
            reasons=dict.fromkeys(("overall_score", "buyer_outcome", "highlights"), NEEDS_A_MODEL),
        )
    )


def checked(conversation: Conversation) -> dict[str, Any]:
    unknown = ("compliance_score", "call_outcome", "customer_sentiment", "next_action")
    return msgspec.to_builtins(
        CollectionsCheck(
            compliance=_compliance(conversation),
            compliance_score=None,
            call_outcome=None,
            customer_sentiment=None,
            next_action=None,
            reasons=dict.fromkeys(unknown, NEEDS_A_MODEL),
        )
    )


def behaviors(conversation: Conversation) -> list[SegmentBehavior]:
    """Of segments that a phrase tells of."""
    if not rules.is_known(conversation):
        return []
    count = len(conversation.utterances)
    found = [
        (each, rules.behavior_of(each, place, count))
        for place, each in enumerate(conversation.utterances)
    ]
    return [
        SegmentBehavior(each.id, each.speaker or None, label, "rule")
        for each, label in found
        if label
    ]


def _practices(conversation: Conversation) -> dict[str, PracticeScored]:
    """Phrases show that something was done, and never how well."""
    said = conversation.utterances
    shown: dict[str, list[Evidence]] = {}
    if rules.is_known(conversation):
        shown = {
            "greeting": rules.find(rules.GREETING, said[: rules.FIRST]),
            "discovery_questions": rules.find(rules.DISCOVERY, said),
            "next_steps": rules.find(rules.NEXT_STEPS, said),
            "closing": rules.find(rules.CLOSING, said[-rules.LAST :]),
        }
    return {
        name: PracticeScored(
            reason=NEEDS_A_MODEL, has_evidence=bool(shown.get(name)), evidence=shown.get(name, [])
        )
        for name in PRACTICES
    }


def _compliance(conversation: Conversation) -> dict[str, RuleChecked]:
    said = conversation.utterances
    otherwise = _NO_RULE if rules.is_known(conversation) else _OTHER_LANGUAGE
    found: dict[str, list[Evidence]] = {"amount_mentioned": rules.amounts(conversation)}
    if rules.is_known(conversation):
        found["identity_verification"] = rules.find(rules.IDENTITY, said)
        found["reason_stated"] = rules.find(rules.REASON, said)
    compliance: dict[str, RuleChecked] = {}
    for name in RULES:
        evidence = found.get(name, [])
        compliance[name] = RuleChecked(
            met=True if evidence else None,
            comment=_BY_WHOM if evidence else None,
            reason=None if evidence else otherwise,
            has_evidence=bool(evidence),
            evidence=evidence,
        )
    threats = rules.find(rules.THREAT, said)
    compliance["no_harassment"] = RuleChecked(
        met=None, reason=NEEDS_A_MODEL, has_evidence=bool(threats), evidence=threats
    )
    return compliance


def _frequent(conversation: Conversation) -> list[str]:
    """The words that come back most: of its topics, no more than that can be told."""
    if not rules.is_known(conversation):
        return []
    without = set(_NO_TOPICS.split())
    said = Counter(
        word
        for each in conversation.utterances
        for word in words_of(each.text)
        if len(word) >= _SHORTEST_TOPIC and word not in without
    )
    often = [(word, times) for word, times in said.most_common(_MOST_TOPICS) if times > 1]
    return [f"{word} ({times} times)" for word, times in often]


def _emotions(numbers: Numbers) -> str:
    if not numbers.emotions:
        return "Not told: no segment has an emotion that the speech model is sure of."
    told = ", ".join(f"{label} in {count} segments" for label, count in numbers.emotions.items())
    return f"As the speech model labels them: {told}."
