"""One set of tags of what was heard in several pieces, and what of a tag is worth telling. Pure."""

from collections.abc import Sequence

from app.asr.recognition import Tag, Tags, likeliest

_UNCERTAIN = "_UNCERTAIN"


def is_certain(label: str) -> bool:
    return not label.endswith(_UNCERTAIN)


def labels_of(tags: Tags) -> dict[str, str]:
    return {category: tag.label for category, tag in tags.items()}


def mean_tags(parts: Sequence[tuple[Tags, float]]) -> Tags:
    """`parts`: tags, and for how many seconds each of them holds."""
    categories = dict.fromkeys(category for tags, _ in parts for category in tags)
    return {
        category: _mean(
            category, [(tags[category], length_s) for tags, length_s in parts if category in tags]
        )
        for category in categories
    }


def _mean(category: str, parts: Sequence[tuple[Tag, float]]) -> Tag:
    """The likeliest label, where the parts that say so are more often sure of it than not."""
    if len(parts) == 1:
        return parts[0][0]
    whole_s = sum(length_s for _, length_s in parts)
    labels = dict.fromkeys(label for tag, _ in parts for label in tag.probabilities)
    probabilities = {
        label: sum(tag.probabilities.get(label, 0.0) * length_s for tag, length_s in parts)
        / whole_s
        for label in labels
    }
    label = likeliest(probabilities)
    sure_s = sum(length_s for tag, length_s in parts if tag.label == label)
    agreeing_s = sum(length_s for tag, length_s in parts if likeliest(tag.probabilities) == label)
    is_sure = sure_s > 0 and sure_s >= agreeing_s / 2
    return Tag(label if is_sure else f"{category.upper()}{_UNCERTAIN}", probabilities)
