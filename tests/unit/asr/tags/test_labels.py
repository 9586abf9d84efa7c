"""The closed lists are those of the documents."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.asr.tags.labels import (
    BEHAVIORS,
    CATEGORIES,
    DOMAINS,
    EVALS,
    GENERAL_INTENTS,
    INTENT_TIERS,
    INTERVIEW_ROLES,
    LOAN_INTENTS,
    LOAN_ROLES,
    SPEECH_ACTS,
)

INVENTORY = Path(__file__).parents[4] / "docs" / "inventory.tsv"


def documented(first: int, last: int) -> list[str]:
    """The labels that these rows of the acceptance list name, in their order."""
    with INVENTORY.open(encoding="utf-8") as file:
        rows = {row[0]: row for row in csv.reader(file, delimiter="\t")}
    return [rows[f"WH-{number:03}"][4].split()[-1] for number in range(first, last + 1)]


@pytest.mark.parametrize(
    ("labels", "first", "last"),
    [
        (BEHAVIORS[:24], 123, 146),
        (EVALS[:7], 148, 154),
        (INTERVIEW_ROLES[:2], 155, 156),
        (LOAN_INTENTS, 157, 169),
        (LOAN_ROLES, 170, 172),
    ],
)
def test_documented_labels_are_all_there(labels: Sequence[str], first: int, last: int) -> None:
    assert list(labels) == documented(first, last)


@pytest.mark.inventory("WH-147")
def test_there_are_26_behaviors() -> None:
    assert len(BEHAVIORS) == 26
    assert BEHAVIORS[24:] == ("BEHAVIOR_QUESTION", "BEHAVIOR_NONE")


def test_as_many_as_documented() -> None:
    assert (len(EVALS), len(INTERVIEW_ROLES), len(LOAN_ROLES)) == (8, 3, 3)
    assert (len(LOAN_INTENTS), len(GENERAL_INTENTS)) == (13, 31)


def test_no_label_twice() -> None:
    for categories in CATEGORIES.values():
        for labels in categories.values():
            assert len(set(labels)) == len(labels)


def test_every_intent_has_two_tiers() -> None:
    assert set(INTENT_TIERS) == {*GENERAL_INTENTS, *LOAN_INTENTS}
    assert {act for act, _ in INTENT_TIERS.values()} == set(SPEECH_ACTS)
    assert {domain for _, domain in INTENT_TIERS.values()} == set(DOMAINS)
