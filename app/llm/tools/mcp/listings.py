"""What servers listed a moment ago, so that not every answer begins with asking for it again."""

import time
from collections.abc import Awaitable, Callable, Hashable

from app.llm.tools.mcp.server import Listing

KEPT_S = 300.0
FAILURE_KEPT_S = 30.0
MOST = 1000


class Listings:
    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, Listing]] = {}

    async def find(self, key: Hashable, ask: Callable[[], Awaitable[Listing]]) -> Listing:
        """A server that could not be asked is left alone for a shorter time."""
        known = self._known.get(key)
        if known and time.monotonic() < known[0]:
            return known[1]
        listing = await ask()
        kept_s = KEPT_S if listing.specs else FAILURE_KEPT_S
        self._known.pop(key, None)
        self._known[key] = (time.monotonic() + kept_s, listing)
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return listing
