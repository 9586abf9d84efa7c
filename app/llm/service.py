"""The door to thinking: asks who is set up for it, in order, and counts what it took."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

from app.core.db import forbid_in_transaction
from app.core.scope import OrgScope
from app.llm.accounts import TokenAccounts
from app.llm.answering import Answering, Contender
from app.llm.conversation import Chunk, Prompt, Provider, TokenUsage
from app.llm.metrics import ThinkingMetrics


class LlmService:
    """A `Thinker`. `contenders`: whom to ask, in their order; one at least."""

    def __init__(self, contenders: Sequence[Contender], accounts: TokenAccounts) -> None:
        self._contenders = contenders
        self.accounts = accounts
        self.metrics = ThinkingMetrics({each.provider.name: each.breaker for each in contenders})

    @property
    def label(self) -> str:
        return f"{self._next.name} {self._next.model}"

    @property
    def context_tokens(self) -> int:
        return self._next.context_tokens

    @property
    def is_embedded(self) -> bool:
        return self._next.name == "embedded"

    @property
    def _next(self) -> Provider:
        """Who would answer now; the first where nobody would."""
        answering = (each for each in self._contenders if each.would_answer)
        return next(answering, self._contenders[0]).provider

    async def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """Raises TransactionMisused inside a transaction: an answer takes long."""
        forbid_in_transaction()

        def counted(provider: Provider, usage: TokenUsage | None) -> None:
            self._count(scope.org_id, provider, usage)

        answering = Answering(self._contenders, self.metrics, counted)
        async with aclosing(answering.stream(prompt)) as chunks:
            async for chunk in chunks:
                yield chunk

    def _count(self, org_id: UUID, provider: Provider, usage: TokenUsage | None) -> None:
        """A server that does not count its tokens says that there were none."""
        if usage == TokenUsage():
            usage = None
        self.accounts.add(org_id, provider.name, provider.model, usage)
        if usage:
            self.metrics.count_tokens(provider.name, usage)
