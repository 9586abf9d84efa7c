"""Models that an operator installed: folders with a card.toml. What each is, and what it lacks."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.asr.catalogue import ALIASES, AUTO, DEFAULT, HOTWORDS, MODELS, SpeechModel
from app.asr.engines.ctc.card import CardInvalid, read_card
from app.asr.engines.sherpa.cards import (
    CARD,
    TransducerCard,
    memory_bytes,
    read_sherpa_card,
    read_table,
    read_tokens,
)
from app.asr.tags.intents import INTENT
from app.inference.manifest import OwnModel
from app.inference.model_store import OWN_MODELS

OWN_CTC, SHERPA = "own-ctc", "sherpa"
"""Kinds of the manifest, each with a loader of its own."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_NOTE = "Installed here by the operator."
_NO_LICENCE = "as its publisher says"


@dataclass(frozen=True, slots=True)
class OwnModels:
    """`voices`: the one that tells voices apart instead of ours. `problems` are sentences, of
    folders that cannot be used."""

    entries: tuple[OwnModel, ...] = ()
    speech: tuple[SpeechModel, ...] = ()
    voices: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    entry: OwnModel
    speech: SpeechModel | None


def find_own_models(store: Path, taken: Collection[str]) -> OwnModels:
    """`taken`: ids of the manifest. Reads cards and no graph; blocks."""
    found: list[_Found] = []
    problems: list[str] = []
    reserved = {*taken, *ALIASES, AUTO, DEFAULT, *(model.name for model in MODELS)}
    for folder in _folders(store / OWN_MODELS):
        try:
            found.append(_describe(folder, reserved))
        except CardInvalid as error:
            problems.append(f"model {folder.name} is left out: {error.message}")
    voices = [each.entry.id for each in found if each.speech is None]
    problems += [
        f"model {name} is left out: {voices[0]} tells voices apart already" for name in voices[1:]
    ]
    return OwnModels(
        tuple(each.entry for each in found if each.entry.id not in voices[1:]),
        tuple(each.speech for each in found if each.speech),
        next(iter(voices), None),
        tuple(problems),
    )


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from sorted(path for path in root.iterdir() if path.is_dir())


def _describe(folder: Path, reserved: Collection[str]) -> _Found:
    if not _NAME.fullmatch(folder.name):
        raise CardInvalid("a name has small letters, digits, dots and hyphens")
    if folder.name in reserved:
        raise CardInvalid("the name is taken")
    engine = read_table(folder / CARD).get("engine", "ctc")
    return _of_ctc(folder) if engine == "ctc" else _of_sherpa(folder)


def _of_ctc(folder: Path) -> _Found:
    card = read_card(folder)
    graph = folder / card.graph
    if not graph.is_file():
        raise CardInvalid(f"{graph} is not there")
    signs = _signs(card.vocabulary.tokens, card.vocabulary.actions)
    speech = SpeechModel(
        name=folder.name,
        title=card.title,
        weights=folder.name,
        engine="ctc",
        languages=card.languages,
        note=_NOTE,
        voice=tuple(card.heads),
        voice_intents=card.heads[INTENT].labels if INTENT in card.heads else (),
        cannot=tuple(signs),
    )
    return _Found(_entry(folder, OWN_CTC, card.title, graph.stat().st_size), speech)


def _of_sherpa(folder: Path) -> _Found:
    card = read_sherpa_card(folder)
    entry = _entry(folder, SHERPA, card.title, memory_bytes(folder, card))
    if not isinstance(card, TransducerCard):
        return _Found(entry, None)
    without_hotwords = (HOTWORDS,) if card.beam == 1 else ()
    speech = SpeechModel(
        name=folder.name,
        title=card.title,
        weights=folder.name,
        engine="transducer",
        languages=card.languages,
        note=_NOTE,
        cannot=(*_signs(read_tokens(folder / card.tokens), ()), *without_hotwords),
    )
    return _Found(entry, speech)


def _entry(folder: Path, kind: str, title: str, size: int) -> OwnModel:
    return OwnModel(id=folder.name, title=title, licence=_NO_LICENCE, kind=kind, size=size)


def _signs(tokens: Collection[str], events: tuple[str, ...]) -> Iterator[str]:
    """What the vocabulary cannot write: punctuation, and capitals beside small letters."""
    words = [token for token in tokens if not token.startswith(("<", *events))]
    letters = "".join(words)
    if not set(letters) & set(".?,。？，।"):  # noqa: RUF001 - as Chinese and Hindi write them
        yield "punctuation"
    if letters.upper() != letters.lower() and letters in {letters.upper(), letters.lower()}:
        yield "casing"
