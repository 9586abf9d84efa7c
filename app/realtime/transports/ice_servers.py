"""The servers that make this machine reachable where it stands behind NAT: STUN says under which
address, TURN relays. What is wrong with a relay is in the log, and calls go on without it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Literal

from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc import RTCIceServer
from aiortc.rtcicetransport import RTCIceCandidate, connection_kwargs

from app.core.aio import Supervisor

Relay = Literal["relayed", "missing"]
_ANSWERS_WITHIN_S = 5.0
_ASKED_EVERY_S = 60.0

log = logging.getLogger(__name__)


class IceServers:
    """`now`: with credentials that hold from now on. `count`: whether a relay was had."""

    def __init__(
        self,
        now: Callable[[], Sequence[RTCIceServer]],
        count: Callable[[Relay], None],
        supervisor: Supervisor,
    ) -> None:
        self.now = now
        self._count = count
        self._supervisor = supervisor
        self._asked_s = -_ASKED_EVERY_S

    def note(self, candidates: Sequence[RTCIceCandidate]) -> None:
        """Our own, of a call. aiortc does not say why one that was wanted is not among them, so
        that is asked once more, and not for every call."""
        relay = next((each for each in self.now() if str(each.urls).startswith("turn")), None)
        if relay is None:
            return
        if any(candidate.type == "relay" for candidate in candidates):
            self._count("relayed")
            return
        self._count("missing")
        now_s = asyncio.get_running_loop().time()
        if now_s - self._asked_s >= _ASKED_EVERY_S:
            self._asked_s = now_s
            self._supervisor.spawn("webrtc relay", self._complain(relay))

    async def _complain(self, relay: RTCIceServer) -> None:
        log.warning("calls go without a relay: %s %s", relay.urls, await _fault(relay))


async def _fault(relay: RTCIceServer) -> str:
    """In a few words, and none of them secret."""
    options = connection_kwargs([relay])
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            transport, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                options["turn_server"],
                options["turn_username"],
                options["turn_password"],
                ssl=options["turn_ssl"],
                transport=options["turn_transport"],
            )
    except TransactionFailed as failed:
        code, reason = failed.response.attributes["ERROR-CODE"]
        return f"refuses us ({code} {str(reason)[:100]})"
    except (TransactionError, TimeoutError, OSError) as error:
        return f"does not answer ({type(error).__name__})"
    transport.close()
    return "answered too late"
