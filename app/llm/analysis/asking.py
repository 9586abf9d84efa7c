"""Questions to a model whose answers must make sense: else it is asked once more, told what was
wrong."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from app.core.misfits import misfit
from app.core.scope import OrgScope
from app.llm.conversation import (
    Finished,
    Message,
    ModelFailed,
    ModelRefused,
    Prompt,
    Switched,
    TextChunk,
    Thinker,
    TokenUsage,
)
from app.llm.quoting import RULE, on_one_line

T = TypeVar("T")
EMBEDDED = "embedded"
SYSTEM = (
    "You analyse conversations from their transcripts. The transcripts were made by machine: words "
    "may be misheard, and speakers mixed up. Say only what the material bears out, in the language "
    "that the task is written in unless it asks for another; where it does not tell, say so. "
    f"{RULE}"
)
"""The same for every request, so that a provider's cache can keep it."""


class AnswerUnusable(ModelFailed):
    """Twice in a row it was not of the form that was asked for."""

    code = "answer_unusable"


class AnsweredBySmallModel(Exception):
    """Others failed, and it stepped in where facts were asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """`material` is enclosed. `only_facts`: no answer is better than the guess of a small model."""

    task: str
    most_tokens: int
    material: str = ""
    only_facts: bool = False
    system: str = SYSTEM
    temperature: float | None = None
    lead: str = "That was the material. This is the task:\n\n"

    @property
    def text(self) -> str:
        """The task comes last: what was read after it would be freshest in mind."""
        return f"{self.material}\n\n{self.lead}{self.task}"


class Asker:
    """Of one analysis: what its questions took, and who answered."""

    def __init__(self, thinker: Thinker, scope: OrgScope) -> None:
        self._thinker = thinker
        self._scope = scope
        self.usage = TokenUsage()
        self.answered_by: dict[str, None] = {}
        self.switches: dict[str, None] = {}

    @property
    def context_tokens(self) -> int:
        return self._thinker.context_tokens

    @property
    def is_small(self) -> bool:
        return self._thinker.is_embedded

    async def write(self, question: Question) -> str:
        return await self._until_usable(question, None, _written)

    async def fill(self, question: Question, kind: type[T]) -> T:
        """The answer fits the schema of `kind`, its bounds included."""

        def read(answer: str) -> T:
            return msgspec.json.decode(answer, type=kind)

        return await self._until_usable(question, schema_of(kind), read)

    async def write_object(self, question: Question) -> tuple[str, dict[str, Any]]:
        """Of a form that nobody knows beforehand: the answer, and the JSON object in it."""

        def read(answer: str) -> tuple[str, dict[str, Any]]:
            return _written(answer), find_object(answer)

        return await self._until_usable(question, None, read)

    async def _until_usable(
        self, question: Question, schema: dict[str, Any] | None, read: Callable[[str], T]
    ) -> T:
        text = question.text
        for is_last in (False, True):
            answer, finished = await self._ask(text, question, schema)
            try:
                return read(answer)
            except ValueError as error:
                fault = _fault(error, finished, question)
            if is_last:
                break
            text = f"{question.text}\n\n{_again(fault)}"
        raise AnswerUnusable(
            f"The answer of {finished.provider} could not be used, twice: {fault}",
            provider=finished.provider,
        )

    async def _ask(
        self, text: str, question: Question, schema: dict[str, Any] | None
    ) -> tuple[str, Finished]:
        prompt = Prompt(
            [Message("user", text)],
            question.system,
            schema=schema,
            most_tokens=question.most_tokens,
            temperature=question.temperature,
        )
        said: list[str] = []
        async with aclosing(self._thinker.stream(self._scope, prompt)) as chunks:
            async for chunk in chunks:
                match chunk:
                    case TextChunk(piece):
                        said.append(piece)
                    case Switched(failed, provider, reason):
                        switch = f"{failed} did not answer ({reason}); {provider} did"
                        self.switches[switch] = None
                    case Finished():
                        self._note(chunk, question)
                        return "".join(said), chunk
                    case _:
                        pass
        raise ModelFailed("The answer broke off")

    def _note(self, finished: Finished, question: Question) -> None:
        self.usage += finished.usage
        self.answered_by[f"{finished.provider} {finished.model}"] = None
        if finished.reason == "refused":
            raise ModelRefused(f"{finished.provider} refused to answer", provider=finished.provider)
        if question.only_facts and finished.provider == EMBEDDED:
            raise AnsweredBySmallModel


def schema_of(kind: type) -> dict[str, Any]:
    """With an object at its root, as providers want it."""
    schema = msgspec.json.schema(kind)
    others = dict(schema["$defs"])
    root = others.pop(kind.__name__)
    return {**root, "$defs": others} if others else root


def find_object(answer: str) -> dict[str, Any]:
    """The JSON object that an answer is, or holds between words or in a fence."""
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        raise ValueError("it holds no JSON object")
    found: dict[str, Any] = msgspec.json.decode(answer[start : end + 1], type=dict[str, Any])
    return found


def _written(answer: str) -> str:
    if not (text := answer.strip()):
        raise ValueError("it was empty")
    return text


def _fault(error: ValueError, finished: Finished, question: Question) -> str:
    if finished.reason == "length":
        return f"it was cut off after {question.most_tokens} tokens; be shorter"
    if isinstance(error, msgspec.ValidationError):
        return on_one_line(": ".join(filter(None, misfit(error))))
    return on_one_line(str(error))


def _again(fault: str) -> str:
    return (
        f"An answer to this could not be used: {fault}. "
        "Answer again, in the form that is asked for and nothing else."
    )
