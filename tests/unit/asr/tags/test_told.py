"""Tags as a segment is told them: rounded, one together, in the order of how likely they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asr.recognition import Tag, likeliest
from app.asr.tags.told import rounded, told_tags

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=31).filter(lambda each: sum(each) > 0.01)


@given(SHARES)
def test_rounding_keeps_the_whole_and_the_order_and_is_done_once(shares: list[float]) -> None:
    exact = {f"LABEL_{at}": share / sum(shares) for at, share in enumerate(shares)}
    found = rounded(Tag(likeliest(exact), exact))
    parts = {label: share * 10_000 for label, share in found.probabilities.items()}
    assert all(part == pytest.approx(round(part)) for part in parts.values())
    assert sum(map(round, parts.values())) == 10_000
    assert found.label == likeliest(found.probabilities) == next(iter(found.probabilities))
    assert [*exact] == sorted(found.probabilities, key=[*exact].index)
    assert max(abs(found.probabilities[label] - exact[label]) for label in exact) < 1e-4
    assert [*rounded(found).probabilities.items()] == [*found.probabilities.items()]


def test_of_the_intents_asked_for_the_shares_are_rounded_last() -> None:
    shares = {"INTENT_OTHER": 0.99997, "INTENT_THANKS": 0.00002, "INTENT_OFFER": 0.00001}
    tags = told_tags({}, {"intent": Tag("INTENT_OTHER", shares)}, ["INTENT_THANKS", "INTENT_OFFER"])
    assert tags["intent"].label == "INTENT_THANKS"
    assert tags["intent"].probabilities == {"INTENT_THANKS": 0.6667, "INTENT_OFFER": 0.3333}
