"""A conversation as a model reads it: a line for each segment, in parts that it can hold. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from app.llm.analysis.domain import Utterance
from app.llm.quoting import on_one_line
from app.llm.tokens import estimate_tokens

_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the segments, one after the other."""

    utterances: tuple[Utterance, ...]
    text: str


def read(utterances: Sequence[Utterance]) -> str:
    return "\n".join(map(line_of, utterances))


def line_of(utterance: Utterance) -> str:
    """Such as `[12] SPEAKER_00 1:05 (emotion: EMOTION_SAD): I cannot pay.`"""
    labels = ", ".join(f"{name}: {label}" for name, label in utterance.labels.items())
    minutes, seconds = divmod(int(utterance.start_s), 60)
    who = utterance.speaker or "SOMEBODY"
    told = f" ({labels})" if labels else ""
    return f"[{utterance.id}] " + on_one_line(
        f"{who} {minutes}:{seconds:02}{told}: {utterance.text}"
    )


def parted(
    utterances: Sequence[Utterance], most_tokens: int, most_segments: int | None = None
) -> list[Part]:
    """As few parts as hold everything. A segment is cut only where it is too long for any."""
    parts: list[Part] = []
    held: list[Utterance] = []
    used = 0
    for each in _fitting(utterances, most_tokens):
        tokens = estimate_tokens(line_of(each)) + 2
        is_full = most_segments is not None and len(held) >= most_segments
        if held and (used + tokens > most_tokens or is_full):
            parts.append(_part(held))
            held, used = [], 0
        held.append(each)
        used += tokens
    return [*parts, _part(held)] if held else parts


def ends_of(utterances: Sequence[Utterance], most_tokens: int) -> tuple[list[Utterance], bool]:
    """How a conversation begins and, in a third of the room, how it ends, and whether anything is
    left out between them."""
    pieces = [*_fitting(utterances, most_tokens // 3)]
    sizes = [estimate_tokens(line_of(each)) + 2 for each in pieces]
    if sum(sizes) <= most_tokens:
        return pieces, False
    first = _how_many(sizes, most_tokens * 2 // 3)
    last = _how_many(sizes[: first - 1 : -1], most_tokens // 3)
    return [*pieces[:first], *pieces[len(pieces) - last :]], True


def _how_many(sizes: Sequence[int], most_tokens: int) -> int:
    return sum(so_far <= most_tokens for so_far in accumulate(sizes))


def grouped(texts: Sequence[str], most_tokens: int) -> list[list[str]]:
    """Neighbours together, as many as fit."""
    groups: list[list[str]] = []
    used = most_tokens
    for text in texts:
        tokens = estimate_tokens(text) + 2
        if not groups or used + tokens > most_tokens:
            groups.append([])
            used = 0
        groups[-1].append(text)
        used += tokens
    return groups


def _part(held: Sequence[Utterance]) -> Part:
    return Part(tuple(held), read(held))


def _fitting(utterances: Sequence[Utterance], most_tokens: int) -> Iterator[Utterance]:
    for each in utterances:
        if estimate_tokens(line_of(each)) + 2 <= most_tokens:
            yield each
            continue
        yield from _cut(each, most_tokens)


def _cut(utterance: Utterance, most_tokens: int) -> Iterator[Utterance]:
    """At spaces where there are any."""
    whole = estimate_tokens(line_of(utterance))
    room = most_tokens - (whole - estimate_tokens(utterance.text)) - 3
    piece = ""
    for word in _pieces(utterance.text, room):
        if piece and estimate_tokens(piece + word) > room:
            yield replace(utterance, text=piece)
            piece = ""
        piece += word
    if piece:
        yield replace(utterance, text=piece)


def _pieces(text: str, room: int) -> Iterator[str]:
    """Words with the space after them; of a script without spaces, runs of letters."""
    letters = max(1, room // 3)
    for word in _WORD.findall(text):
        if estimate_tokens(word) <= room:
            yield word
            continue
        for at in range(0, len(word), letters):
            yield word[at : at + letters]
