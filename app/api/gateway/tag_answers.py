"""Tags of what was said as the gateway's document shows them: metadata, probabilities, intents in
two tiers."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.asr.domain import TranscriptionRequest
from app.asr.recognition import Tag, Tags
from app.asr.tags.intents import INTENT, tiers_of
from app.asr.tags.mean import labels_of
from app.asr.tags.told import rounded

CATEGORIES = ("emotion", "behavior", "role", "eval", "age", "gender", INTENT)
"""Every segment has them; null where the model does not tell one."""


class LabelProbability(msgspec.Struct, frozen=True):
    token: str
    probability: float


class TierAnswer(msgspec.Struct, frozen=True):
    """`probabilities` of every label, the likeliest first. `label` is most often the first."""

    label: str
    probability: float
    probabilities: dict[str, float]


def metadata_of(tags: Tags) -> dict[str, str | None]:
    return {**dict.fromkeys(CATEGORIES), **labels_of(tags)}


def tag_details(tags: Tags, asked: TranscriptionRequest) -> dict[str, Any]:
    """What of a segment's fields was asked for."""
    details: dict[str, Any] = {}
    if asked.metadata_prob:
        details["metadata_probs"] = _probabilities(tags, asked)
    if asked.structured_intents:
        tiers = tiers_of(tags[INTENT]) if INTENT in tags else {}
        details["structured_intents"] = {
            name: _tier(tag, asked.top_k) for name, tag in tiers.items()
        } or None
    return details


def _probabilities(tags: Tags, asked: TranscriptionRequest) -> dict[str, Any]:
    """The likeliest first, at most `top_k` of each category."""
    ranked = {name: _ranked(tag, asked.top_k) for name, tag in tags.items()}
    if asked.metadata_prob_format == "dict":
        return ranked
    return {
        name: [LabelProbability(label, share) for label, share in shares.items()]
        for name, shares in ranked.items()
    }


def _tier(tag: Tag, top_k: int | None) -> TierAnswer:
    shares = rounded(tag).probabilities
    return TierAnswer(tag.label, shares[tag.label], _first(shares, top_k))


def _ranked(tag: Tag, top_k: int | None) -> dict[str, float]:
    return _first(rounded(tag).probabilities, top_k)


def _first(shares: Mapping[str, float], top_k: int | None) -> dict[str, float]:
    return dict([*shares.items()][:top_k])
