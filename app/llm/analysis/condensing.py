"""What a model is given of a conversation: its transcript or, where that is longer than the model
can hold, notes on its parts."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from app.core.aio import TaskScope
from app.llm.analysis.asking import Asker, Question
from app.llm.analysis.domain import ContextTooSmall, Conversation
from app.llm.analysis.reading import Part, grouped, parted
from app.llm.quoting import Quotation
from app.llm.tokens import estimate_tokens

MOST_TOKENS = 60_000
"""Of a transcript in one question, however much the model can hold: beyond, it reads loosely."""
FEWEST_TOKENS = 400
NOTE_TOKENS = 700
SMALL_NOTE_TOKENS = 250
AT_ONCE = 4
_AROUND = 100
"""Tokens of what encloses material and parts it from the task."""
_SLACK = 0.05

A = TypeVar("A")
B = TypeVar("B")


def room_for_material(asker: Asker, question: Question) -> int:
    """Tokens that are left of the context."""
    context = asker.context_tokens
    taken = question.most_tokens + estimate_tokens(question.system + question.task) + _AROUND
    room = int(context * (1 - _SLACK)) - taken
    if room < FEWEST_TOKENS:
        raise ContextTooSmall(
            f"The language model holds {context} tokens: too few for this", context_tokens=context
        )
    return min(room, MOST_TOKENS)


async def with_material(
    question: Question, conversation: Conversation, asker: Asker, quotation: Quotation
) -> tuple[Question, int]:
    """The question with what it is about, and the number of parts that this was read in."""
    room = room_for_material(asker, question)
    parts = await asyncio.to_thread(parted, conversation.utterances, room)
    if len(parts) == 1:
        return replace(question, material=quotation.enclose("transcript", parts[0].text)), 1
    noting = _noting(question, "a part of it", asker)
    own_room = room_for_material(asker, noting)
    parts = await asyncio.to_thread(parted, conversation.utterances, own_room)

    async def note(numbered: tuple[int, Part]) -> str:
        number, part = numbered
        which = f"part {number} of {len(parts)}"
        noting = _noting(question, which, asker)
        enclosed = quotation.enclose("transcript", part.text)
        return await asker.write(replace(noting, material=enclosed))

    async def condense(notes: Sequence[str]) -> str:
        return await asker.write(replace(noting, material=_enclosed(quotation, notes)))

    notes = await each_of([*enumerate(parts, 1)], note, asker)
    while estimate_tokens(_enclosed(quotation, notes)) > room:
        groups = grouped(notes, own_room)
        if len(groups) == len(notes):
            raise ContextTooSmall("The language model cannot hold the notes on two parts at once")
        notes = await each_of(groups, condense, asker)
    return replace(question, material=_enclosed(quotation, notes)), len(parts)


async def each_of(
    items: Sequence[A], ask: Callable[[A], Coroutine[Any, Any, B]], asker: Asker
) -> list[B]:
    """Some at a time, in their order; a model of the house answers one after the other."""
    at_once = 1 if asker.is_small else AT_ONCE
    answers: list[B] = []
    for first in range(0, len(items), at_once):
        async with TaskScope() as scope:
            tasks = [scope.spawn("part", ask(item)) for item in items[first : first + at_once]]
        answers += [task.result() for task in tasks]
    return answers


def _enclosed(quotation: Quotation, notes: Sequence[str]) -> str:
    return quotation.enclose("notes", "\n".join(notes))


def _noting(question: Question, which: str, asker: Asker) -> Question:
    most_tokens = SMALL_NOTE_TOKENS if asker.is_small else NOTE_TOKENS
    task = (
        f"The conversation is too long to be read at once: the material is {which}, or notes on "
        f"it. Of the whole this will be asked:\n\n{question.task}\n\nDo not answer it yet. Note "
        f"what the answer will need: short points, each with the number of its segment in "
        f"brackets and the very words, in at most {most_tokens // 2} words."
    )
    return Question(task, most_tokens, only_facts=question.only_facts)
