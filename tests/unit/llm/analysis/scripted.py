"""A model that says what the test wrote for it, and remembers what it was asked."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from uuid import uuid4

from app.core.scope import OrgScope
from app.llm.analysis.domain import Analysis, Conversation, Utterance
from app.llm.analysis.service import AnalysisService
from app.llm.conversation import Chunk, Finished, Prompt, Switched, TextChunk, TokenUsage

SCOPE = OrgScope(uuid4(), "test")
SWITCHED = Switched("claude", "gemini", "overloaded")


@dataclass
class ScriptedThinker:
    answer: Callable[[Prompt], str]
    context_tokens: int = 100_000
    is_embedded: bool = False
    provider: str = "claude"
    reason: str = "end"
    switched: Switched | None = None
    asked: list[Prompt] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.provider} scripted"

    async def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        assert scope == SCOPE
        self.asked.append(prompt)
        if self.switched:
            yield self.switched
        said = self.answer(prompt)
        for at in range(0, len(said), 7):
            yield TextChunk(said[at : at + 7])
        usage = TokenUsage(input_tokens=100, output_tokens=10)
        yield Finished(self.reason, usage, self.provider, "scripted")  # type: ignore[arg-type]


def in_turn(*answers: str) -> Callable[[Prompt], str]:
    left = iter(answers)
    return lambda _: next(left)


def said(*lines: tuple[str, str], labels: dict[str, str] | None = None) -> Conversation:
    """Each line takes two seconds, and a second is silent after it."""
    utterances = tuple(
        Utterance(
            id=place,
            start_s=3.0 * place,
            end_s=3.0 * place + 2,
            text=text,
            speaker=speaker,
            language="en",
            labels=labels or {},
        )
        for place, (speaker, text) in enumerate(lines)
    )
    return Conversation(utterances, 3.0 * len(lines))


CALL = said(
    ("SPEAKER_00", "Good morning, how can I help you?"),
    ("SPEAKER_01", "I want to know what the plan costs."),
    ("SPEAKER_00", "It is $40 a month. I'll send you an offer."),
    ("SPEAKER_01", "Fine, goodbye."),
)
LONG = said(
    *[
        ("AB"[place % 2], f"Number {place} of what was said. " + "word " * 60)
        for place in range(400)
    ]
)


async def analysed(
    thinker: ScriptedThinker, mode: str, conversation: Conversation = CALL
) -> Analysis:
    return await AnalysisService(thinker).analyse(SCOPE, conversation, mode)
