"""What the network learns from and is measured on, as words and targets."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

import numpy as np
from generate import HERE, Utterance, read_lines, utterances

from app.asr.tags.labels import (
    BEHAVIORS,
    EVALS,
    GENERAL_INTENTS,
    INTERVIEW_ROLES,
    LOAN_INTENTS,
    LOAN_ROLES,
)
from app.asr.tags.ngrams import words_of

HEADS: Mapping[str, tuple[str, ...]] = {
    "behavior": BEHAVIORS,
    "eval": EVALS,
    "interview_role": INTERVIEW_ROLES,
    "general": GENERAL_INTENTS,
    "loans": LOAN_INTENTS,
    "loan_roles": LOAN_ROLES,
}
"""Each set of utterances has a head of its own."""

PER_LABEL = {
    "behavior": 250,
    "eval": 500,
    "interview_role": 1200,
    "general": 250,
    "loans": 400,
    "loan_roles": 1200,
}
LEAST_ALIKE = 0.5
"""What was heard as something else altogether, as Hindi in English letters often is, teaches
nothing."""
HEARD_SEED = 11
MOST_HEARD = {"loan_roles": 300}
"""Of more, what callers say becomes ROLE_OTHER."""
DEVELOPMENT = 10
"""One template of so many chooses when to stop, and how sure to be."""
ALSO_WEIGHT, HEARD_WEIGHT = 0.1, 0.5

ALSO: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("behavior", f"BEHAVIOR_{label}"): {"general": "INTENT_OTHER"}
    for label in ("EXPLAIN", "INFORM", "REASON", "ABILITY", "FILLER", "THINK_ALOUD")
} | {
    ("general", f"INTENT_{label}"): {"loans": "INTENT_OTHER"}
    for label in ("OTHER", "CALLBACK_REQUEST", "HOLD", "REPEAT_REQUEST", "FAREWELL")
}
"""What else an utterance of a label is, nearly always."""


@dataclass(frozen=True)
class Example:
    words: tuple[str, ...]
    targets: Mapping[str, str]
    """The head of its set first."""
    is_development: bool = False
    is_heard: bool = False

    @property
    def head(self) -> str:
        return next(iter(self.targets))


def training_examples(seed: int) -> list[Example]:
    """Generated and heard; no line that is held out."""
    held = {words for name in HEADS for words, _ in held_out(name)}
    found = [each for name in HEADS for each in (*_generated(name, seed), *_heard(name))]
    return [each for each in found if each.words and each.words not in held]


def held_out(name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for path in sorted((HERE / "held_out" / name).glob("*.txt")):
        for line in read_lines(path):
            yield tuple(words_of(line)), path.stem


def to_be_heard(name: str) -> Iterator[Utterance]:
    """What `heard.py` chooses from."""
    return utterances(name, PER_LABEL[name], HEARD_SEED)


def heard_rows(name: str) -> Iterator[tuple[str, str, str]]:
    """Label, said, heard; `name` may be `held_out/<set>`."""
    path = HERE / "heard" / f"{name}.tsv"
    for row in path.read_text("utf-8").splitlines() if path.exists() else ():
        label, said, heard = row.split("\t")
        yield label, said, heard


def weights_of(examples: Sequence[Example], head: str) -> np.ndarray:
    """All labels of a head together count the same, what is heard or only `ALSO` told less."""
    raw = np.array(
        [
            (1.0 if each.head == head else ALSO_WEIGHT) * (HEARD_WEIGHT if each.is_heard else 1.0)
            for each in examples
        ]
    )
    labels = [each.targets[head] for each in examples]
    totals: Counter[str] = Counter()
    for label, weight in zip(labels, raw, strict=True):
        totals[label] += weight
    shares = np.array([1 / totals[label] for label in labels])
    return (raw * shares * len(raw) / len(totals)).astype(np.float32)


def _generated(name: str, seed: int) -> Iterator[Example]:
    for each in utterances(name, PER_LABEL[name], seed):
        targets = _targets(name, each.label)
        yield Example(tuple(words_of(each.text)), targets, _is_development(each.template))


def _heard(name: str) -> Iterator[Example]:
    templates = {(each.label, each.text): each.template for each in to_be_heard(name)}
    for label, said, heard in islice(heard_rows(name), MOST_HEARD.get(name)):
        if SequenceMatcher(None, said.lower(), heard.lower()).ratio() >= LEAST_ALIKE:
            is_development = _is_development(templates.get((label, said), 0))
            targets = _targets(name, label)
            yield Example(tuple(words_of(heard)), targets, is_development, is_heard=True)


def _is_development(template: int) -> bool:
    return template % DEVELOPMENT == DEVELOPMENT - 1


def _targets(name: str, label: str) -> dict[str, str]:
    return {name: label, **ALSO.get((name, label), {})}
