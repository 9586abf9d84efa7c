"""Utterances of calls, of the templates in `lending/`: (a|b) is a choice, {name} a slot."""

import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("lending")
Slots = dict[str, list[str]]
_CHOICE = re.compile(r"\(([^()]*)\)|\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    language: str
    text: str


def templates() -> list[Template]:
    """In the order of the files, whose names are their languages."""
    return [
        Template(file.stem, line)
        for file in sorted(FOLDER.glob("*.txt"))
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]


def read_slots() -> Slots:
    return tomllib.loads((FOLDER / "slots.toml").read_text("utf-8"))


def utterances(template: Template, slots: Slots, count: int, seed: int) -> Iterator[str]:
    """Different ones, fewer where the template has no more in it."""
    choose = random.Random(f"{seed} {template.text}")  # noqa: S311
    written: dict[str, None] = {}
    for _ in range(3 * count):
        if len(written) < count:
            written.setdefault(_filled(template.text, slots, choose))
    yield from written


def _filled(text: str, slots: Slots, choose: random.Random) -> str:
    def chosen(found: re.Match[str]) -> str:
        choices, slot = found.groups()
        return choose.choice(slots[slot] if choices is None else choices.split("|"))

    while _CHOICE.search(text):
        text = _CHOICE.sub(chosen, text, count=1)
    text = " ".join(text.split()).replace(" .", ".").replace(" ,", ",").replace(" ?", "?")
    return text[:1].upper() + text[1:]
