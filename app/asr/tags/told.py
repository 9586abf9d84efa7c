"""The tags that a segment is told and kept with. Pure."""

from collections.abc import Collection
from math import floor

from app.asr.recognition import Tag, Tags
from app.asr.tags.intents import with_intents_among

_PARTS = 10_000


def told_tags(voice: Tags, words: Tags, intents: Collection[str]) -> Tags:
    """`intents`: those that were asked for; all where none is named."""
    tags = with_intents_among({**voice, **words}, intents)
    return {category: rounded(tag) for category, tag in tags.items()}


def rounded(tag: Tag) -> Tag:
    """Its probabilities to four digits, up where the rest is largest, so that together they still
    are one. The likeliest come first, also of those that became equal."""
    whole = sum(tag.probabilities.values())
    likeliest_first = sorted(tag.probabilities.items(), key=lambda each: -each[1])
    parts = {label: share / whole * _PARTS for label, share in likeliest_first}
    left = _PARTS - sum(map(floor, parts.values()))
    by_rest = sorted(parts, key=lambda label: floor(parts[label]) - parts[label])
    raised = set(by_rest[:left])
    shares = {label: (floor(part) + (label in raised)) / _PARTS for label, part in parts.items()}
    return Tag(tag.label, shares)
