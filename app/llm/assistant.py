"""The assistant of everybody: answers one user of an organization after the other, remembers what
each said and wants, and may call tools."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from app.core.db import Database
from app.core.scope import OrgScope
from app.llm.commands import Command, command_in
from app.llm.conversation import (
    Finished,
    Message,
    ModelRefused,
    Prompt,
    Switched,
    TextChunk,
    Thinker,
    ToolCall,
    ToolSpec,
)
from app.llm.dialogues import Dialogues, Exchange, KeptExchange
from app.llm.instructions import ASSISTANT, instructions
from app.llm.preferences import Preferences, UserPreferences
from app.llm.quoting import RULE, Quotation
from app.llm.room import newest_that_fit
from app.llm.tokens import estimate_tokens
from app.llm.tools.catalogue import ToolCatalogue
from app.llm.tools.loop import Part, answer_with_tools
from app.llm.tools.toolbox import Toolbox

MOST_ANSWER_TOKENS = 1024
_SMALLEST_SHARE = 4
"""Of what a model can hold, this part at most is kept free for its answer."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the assistant talks to. Of nobody, with an empty id, nothing is known or kept."""

    user_id: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """The first of every answer. `earlier` messages are given to the model; for `dropped` ones, the
    oldest, it has no room."""

    command: Command | None = None
    earlier: int = 0
    dropped: int = 0


Step: TypeAlias = Understood | Part


@dataclass(slots=True)
class Answer:
    """A whole one. `finished` is None where no model was asked."""

    understood: Understood = Understood()
    text: str = ""
    finished: Finished | None = None
    switches: list[Switched] = field(default_factory=list[Switched])
    tools: list[str] = field(default_factory=list[str])
    """The names of those that were called."""

    def note(self, step: Step) -> None:
        match step:
            case Understood():
                self.understood = step
            case TextChunk(text):
                self.text += text
            case Switched():
                self.switches.append(step)
            case ToolCall(name=name):
                self.tools.append(name)
            case Finished():
                self.finished = step
            case _:
                pass


@dataclass(frozen=True, slots=True)
class _Known:
    exchanges: Sequence[KeptExchange] = ()
    preferences: Preferences = field(default_factory=Preferences)


class Assistant:
    def __init__(
        self,
        thinker: Thinker,
        database: Database,
        dialogues: Dialogues,
        preferences: UserPreferences,
        tools: ToolCatalogue,
    ) -> None:
        self._thinker = thinker
        self._database = database
        self._dialogues = dialogues
        self._preferences = preferences
        self._tools = tools

    async def process(
        self, scope: OrgScope, person: Person, said: str
    ) -> AsyncGenerator[Step, None]:
        """One thing that was said, in the light of what was said before."""
        known = await self._known(scope, person, with_past=True)
        if command := command_in(said, person.language or known.preferences.language):
            async for step in self._obey(scope, person, command, known):
                yield step
            return
        past = [message for each in known.exchanges for message in _messages(each.exchange)]
        messages = [*past, Message("user", said)]
        async with aclosing(self._answer(scope, person, known, messages)) as steps:
            async for step in steps:
                yield step

    async def chat(
        self, scope: OrgScope, person: Person, messages: Sequence[Message]
    ) -> AsyncGenerator[Step, None]:
        """The client brings the whole conversation, which ends with what the user says."""
        known = await self._known(scope, person, with_past=False)
        async with aclosing(self._answer(scope, person, known, messages)) as steps:
            async for step in steps:
                yield step

    async def work_on(
        self, scope: OrgScope, instruction: str, material: str, language: str = ""
    ) -> AsyncGenerator[Step, None]:
        """Does what the organization wants with a text of others. Nothing is kept."""
        quoted = await asyncio.to_thread(Quotation().enclose, "MATERIAL", material)
        said = f"{instruction}\n\n{quoted}"
        system = instructions(f"{ASSISTANT}\n\n{RULE}", Preferences(language=language))
        prompt, understood = self._prompt(system, [Message("user", said)])
        yield understood
        async with aclosing(self._thinker.stream(scope, prompt)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _answer(
        self, scope: OrgScope, person: Person, known: _Known, messages: Sequence[Message]
    ) -> AsyncGenerator[Step, None]:
        """It is kept before its end is told: then the client may leave."""
        language = person.language or known.preferences.language
        system = instructions(ASSISTANT, known.preferences, language)
        async with self._toolbox(scope) as toolbox:
            prompt, understood = self._prompt(system, messages, toolbox.specs)
            yield understood
            answer = Answer()
            async with aclosing(answer_with_tools(self._thinker, scope, prompt, toolbox)) as parts:
                async for part in parts:
                    answer.note(part)
                    if isinstance(part, Finished):
                        await self._keep(scope, person, messages[-1].text, answer)
                    yield part

    def _toolbox(self, scope: OrgScope) -> AbstractAsyncContextManager[Toolbox]:
        """The small model of the house is not up to any, and has no room for them."""
        if self._thinker.is_embedded:
            return nullcontext(Toolbox())
        return self._tools.toolbox(scope)

    async def _keep(self, scope: OrgScope, person: Person, said: str, answer: Answer) -> None:
        if not answer.text and answer.finished and answer.finished.reason == "refused":
            raise ModelRefused("The model will not answer this")
        if person.user_id and answer.text:
            exchange = Exchange(said, answer.text, tuple(answer.tools))
            await self._dialogues.add(scope, person.user_id, exchange)

    def _prompt(
        self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()
    ) -> tuple[Prompt, Understood]:
        context = self._thinker.context_tokens
        most = min(MOST_ANSWER_TOKENS, context // _SMALLEST_SHARE)
        told = estimate_tokens(system) + estimate_tokens(msgspec.json.encode(tools).decode())
        fitting = newest_that_fit(messages, context - most - told)
        prompt = Prompt(fitting.messages, system=system, most_tokens=most)
        return prompt, Understood(None, len(fitting.messages) - 1, fitting.dropped)

    async def _obey(
        self, scope: OrgScope, person: Person, command: Command, known: _Known
    ) -> AsyncGenerator[Step, None]:
        yield Understood(command)
        if command == "repeat" and known.exchanges:
            yield TextChunk(known.exchanges[-1].exchange.answered)
        elif command == "forget" and person.user_id:
            async with self._database.transaction(scope) as tx:
                await self._dialogues.delete(tx, person.user_id)

    async def _known(self, scope: OrgScope, person: Person, *, with_past: bool) -> _Known:
        if not person.user_id:
            return _Known()
        async with self._database.transaction(scope) as tx:
            preferences = await self._preferences.get(tx, person.user_id)
            past = await self._dialogues.get(tx, person.user_id) if with_past else ()
        return _Known(past, preferences)


def _messages(exchange: Exchange) -> tuple[Message, Message]:
    return Message("user", exchange.said), Message("assistant", exchange.answered)
