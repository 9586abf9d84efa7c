"""Expands the templates to utterances: seeded, balanced by label, none twice.

    PYTHONPATH=. python onnx_models/recipes/words/generate.py SET [COUNT]

prints some. A template is a line of plain words with `{slot}`, `(this|that)` and `[perhaps]`.
"""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

HERE = Path(__file__).parent
SLOTS = {
    "general": "slots.toml",
    "loans": "slots.toml",
    "loan_roles": "slots.toml",
    "behavior": "slots_interview.toml",
    "eval": "slots_interview.toml",
    "interview_role": "slots_interview.toml",
}
"""Of each set of utterances."""
TRIES = 6
"""At an utterance that is new, before its template is thought to be used up."""

_INNERMOST = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")

BEFORE = (
    *("um", "uh", "so", "okay", "okay so", "well", "yeah", "yes", "right", "actually", "hmm"),
    *("I mean", "you know", "look", "listen", "see", "and", "but", "oh", "ah", "like", "alright"),
    *("haan", "accha", "arre", "dekhiye", "ji", "sir", "madam", "matlab", "to"),
)
AFTER = (
    *("please", "you know", "right", "okay", "sir", "ma'am", "actually", "I think", "thanks"),
    *("ji", "na", "yaar", "sir ji", "um", "so", "and", "then", "now"),
)
MIXED = 0.25
"""How many utterances get a word that says nothing before them, or after."""


@dataclass(frozen=True)
class Utterance:
    text: str
    label: str
    template: int
    """Its line in the file: those of one template are learned or measured together."""


def utterances(name: str, per_label: int, seed: int = 7) -> Iterator[Utterance]:
    """Of one set, as many of each label, as far as its templates carry."""
    slots = read_slots(HERE / SLOTS[name])
    for path in sorted((HERE / "utterances" / name).glob("*.txt")):
        yield from _of_label(path.stem, read_lines(path), slots, per_label, seed)


def read_lines(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def read_slots(path: Path) -> Mapping[str, list[str]]:
    return tomllib.loads(path.read_text("utf-8"))


def expanded(template: str, slots: Mapping[str, list[str]], chance: random.Random) -> str:
    """One of what the template may stand for."""

    def chosen(found: re.Match[str]) -> str:
        choices = (found[1] or found[2]).split("|")
        return chance.choice(choices if found[1] else [*choices, ""])

    while _INNERMOST.search(template):
        template = _INNERMOST.sub(chosen, template, count=1)
    filled = _SLOT.sub(lambda slot: chance.choice(slots[slot[1]]), template)
    return " ".join(filled.split())


def _of_label(
    label: str, templates: list[str], slots: Mapping[str, list[str]], count: int, seed: int
) -> Iterator[Utterance]:
    chance = random.Random(f"{seed} {label}")  # noqa: S311
    seen: set[str] = set()
    for number in range(count * TRIES):
        place = number % len(templates)
        text = expanded(templates[place], slots, chance)
        if number >= len(templates):
            text = _mixed(text, chance)
        if text and text.lower() not in seen:
            seen.add(text.lower())
            yield Utterance(text, label, place)
        if len(seen) == count:
            return


def _mixed(text: str, chance: random.Random) -> str:
    before = chance.choice(BEFORE) if chance.random() < MIXED else ""
    after = chance.choice(AFTER) if chance.random() < MIXED / 2 else ""
    return " ".join(part for part in (before, text, after) if part)


@click.command()
@click.argument("name", type=click.Choice(list(SLOTS)))
@click.argument("count", type=int, default=5)
def main(name: str, count: int) -> None:
    for utterance in utterances(name, count):
        click.echo(f"{utterance.label}\t{utterance.text}")


if __name__ == "__main__":
    main()
