"""What connects a session with somebody: a telephone call, a browser, a socket."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from app.asr.live import Encoding
from app.realtime.playout import Playout
from app.realtime.session import SessionEvent


class Line(Protocol):
    """`encoding` and `sample_rate` are those of `sounds`; the playout has a rate of its own."""

    encoding: Encoding
    sample_rate: int
    playout: Playout
    typed: Callable[[str], None]
    """Set by whoever runs the session: told of texts, and of keys once they are complete."""

    def sounds(self) -> AsyncIterator[bytes]:
        """What is heard, until somebody hangs up. Iterated once."""
        ...

    def tell(self, event: SessionEvent) -> None:
        """Shown to the other side, where the line can show something. Never waits."""
        ...

    async def close(self) -> None:
        """Hangs up, where that was not done. What waits in the playout is not waited for."""
        ...
