"""Intents as somebody asks for them: of some labels, or as what is done and what about. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from app.asr.recognition import Tag, Tags, likeliest
from app.asr.tags.labels import INTENT_TIERS, NOTHING_NAMED
from app.core.errors import Unprocessable

INTENT = "intent"
_LEAST = 1e-12
_MOST_OF_IT = 0.5


class IntentUnknown(Unprocessable):
    """The model has no such label of intents; `details` lists those it has."""

    code = "intent_unknown"


def check_intents(wanted: Sequence[str], known: Collection[str]) -> None:
    """Where the model tells none at all, nothing is asked of it."""
    for label in wanted:
        if known and label not in known:
            raise IntentUnknown(
                f"intent_labels: there is no intent {label!r}; known are {', '.join(known)}",
                field="intent_labels",
                known=[*known],
            )


def with_intents_among(tags: Tags, wanted: Collection[str]) -> Tags:
    """As if there were no other intents. All of them where none is named."""
    if not wanted or INTENT not in tags:
        return tags
    probabilities = {
        label: max(share, _LEAST)
        for label, share in tags[INTENT].probabilities.items()
        if label in wanted
    }
    return {**tags, INTENT: _tag(_shares(probabilities))} if probabilities else tags


def have_tiers(labels: Iterable[str]) -> bool:
    return INTENT_TIERS.keys() >= set(labels)


def tiers_of(intent: Tag) -> dict[str, Tag]:
    """The speech act and the domain, each as likely as its intents are together. Where the intent
    is nothing in particular so are they, unless one is likelier than all others. Empty where the
    labels are not ours."""
    if not have_tiers(intent.probabilities):
        return {}
    acts, domains = defaultdict[str, float](float), defaultdict[str, float](float)
    for label, share in intent.probabilities.items():
        act, domain = INTENT_TIERS[label]
        acts[act] += share
        domains[domain] += share
    usual = INTENT_TIERS[intent.label] if intent.label in NOTHING_NAMED else (None, None)
    return {"speech_act": _tier(acts, usual[0]), "domain": _tier(domains, usual[1])}


def _tier(probabilities: Mapping[str, float], usual: str | None) -> Tag:
    found = _tag(probabilities)
    if usual is None or probabilities[found.label] > _MOST_OF_IT:
        return found
    return Tag(usual, found.probabilities)


def _shares(numbers: Mapping[str, float]) -> dict[str, float]:
    whole = sum(numbers.values())
    return {label: number / whole for label, number in numbers.items()}


def _tag(probabilities: Mapping[str, float]) -> Tag:
    return Tag(likeliest(probabilities), dict(probabilities))
