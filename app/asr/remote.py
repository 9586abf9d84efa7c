"""Recordings that are named by their address: fetched from outside of this network only, or from
where the organization's rules allow."""

from collections.abc import Awaitable, Callable

from app.core.db import Database
from app.core.errors import InvalidInput, UpstreamFailed, UpstreamTimeout
from app.core.http import HostRule, OutboundBlocked, OutboundClient, OutboundLimits
from app.core.http.urls import read_url
from app.core.scope import Scope
from app.tenancy.organizations import OutboundRules

FETCH_S = 600

Write = Callable[[bytes], Awaitable[object]]


class RecordingNotFetched(InvalidInput):
    """Whoever named the address is told why; it is no fault of ours."""

    code = "recording_not_fetched"


class RemoteRecordings:
    def __init__(
        self, database: Database, outbound: OutboundClient, rules: OutboundRules, most_bytes: int
    ) -> None:
        self._database = database
        self._outbound = outbound
        self._rules = rules
        self._most_bytes = most_bytes

    def check(self, url: str) -> None:
        """Only its form. Where it leads is looked at when it is fetched."""
        try:
            read_url(url)
        except OutboundBlocked as error:
            raise _named(error) from None

    async def fetch(self, scope: Scope | None, url: str, write: Write) -> None:
        """Hands what lies there to `write`, piece by piece. Without a scope no rule is asked."""
        limits = OutboundLimits(total_s=FETCH_S, max_response_bytes=self._most_bytes)
        allowed = frozenset[HostRule]()
        if scope:
            async with self._database.transaction(scope) as tx:
                allowed = await self._rules.list(tx)
        try:
            async with self._outbound.stream("GET", url, allowed=allowed, limits=limits) as answer:
                if answer.status != 200:
                    raise RecordingNotFetched(f"url: it answers {answer.status}", field="url")
                async for piece in answer.chunks():
                    await write(piece)
        except OutboundBlocked as error:
            raise _named(error) from None
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise RecordingNotFetched(f"url: {error.message}", field="url") from error


def _named(error: OutboundBlocked) -> OutboundBlocked:
    error.details.setdefault("field", "url")
    return error
