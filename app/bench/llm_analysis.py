"""How often a model is asked about a call of an hour, by how much it can hold."""

from collections.abc import AsyncGenerator, AsyncIterator

from app.bench.llm import SCOPE
from app.core.scope import OrgScope
from app.llm.analysis.domain import Conversation, Utterance
from app.llm.analysis.reading import estimate_tokens, read
from app.llm.analysis.service import AnalysisService
from app.llm.conversation import Chunk, Finished, Prompt, TextChunk, TokenUsage

CONTEXTS = (2048, 8192, 32_768, 200_000)
SECONDS, EACH_S = 3600, 8
WANTED = "Summarize the call: what was wanted, what was promised, and what is open."
SAID = (
    "I was charged twice for my order in March and would like to know when I get the money back.",
    "Thank you for waiting, I see both payments here and will ask the bank to return the second.",
    "It usually takes five working days, and you will get a letter that says so.",
    "That is fine, but last time nobody called me back although it was promised.",
)
NOTE = '- [12] The customer was charged twice: "charged twice for my order in March".\n' * 6


async def run() -> AsyncIterator[str]:
    """Lines for a reader."""
    spoken = [
        Utterance(
            place, place * EACH_S, place * EACH_S + 7, SAID[place % 4], f"SPEAKER_0{place % 2}"
        )
        for place in range(SECONDS // EACH_S)
    ]
    call = Conversation(tuple(spoken), SECONDS)
    yield f"a call of 60 minutes, {estimate_tokens(read(spoken))} tokens at most as it is counted"
    for context in CONTEXTS:
        thinker = _Counting(context)
        await AnalysisService(thinker).analyse(SCOPE, call, WANTED)
        yield (
            f"context {context:7}: {thinker.asked:3} questions, "
            f"the longest {thinker.longest / context:.0%} of it"
        )


class _Counting:
    """Notes the same whatever is asked, and how much of its context that takes."""

    label = "scripted"

    def __init__(self, context_tokens: int) -> None:
        self.context_tokens = context_tokens
        self.is_embedded = context_tokens <= CONTEXTS[0]
        self.asked = 0
        self.longest = 0

    async def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        self.asked += 1
        said = prompt.system + "".join(message.text for message in prompt.messages)
        self.longest = max(self.longest, estimate_tokens(said) + prompt.most_tokens)
        yield TextChunk(NOTE)
        yield Finished("end", TokenUsage(), self.label, "scripted")
