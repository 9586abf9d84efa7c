"""Calls from browsers: an offer is answered, and once its peer is there the call is held."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.core.aio import Supervisor
from app.core.errors import AppError, InvalidInput
from app.core.scope import OrgScope
from app.realtime.line import Line
from app.realtime.transports.signalling import Candidate, check_offer
from app.realtime.transports.webrtc import Peer, Peers

log = logging.getLogger(__name__)


class AgentNotNamed(InvalidInput):
    def __init__(self) -> None:
        super().__init__("agent_id: it is missing", field="agent_id")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that may begin. `hold` lasts as long as the call."""

    hold: Callable[[Line], Awaitable[object]]
    has_video: bool


class PrepareCall(Protocol):
    async def __call__(self, scope: OrgScope, agent_id: UUID, customer_id: UUID | None) -> Prepared:
        """Raises where there is no such agent or customer, and where no call may begin now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOffer:
    """`peer_id`: of a call that goes on, over a new connection where `restarts`. `has_video` none:
    as the agent has it."""

    sdp: str
    agent_id: UUID | None = None
    customer_id: UUID | None = None
    peer_id: str | None = None
    restarts: bool = False
    has_video: bool | None = None


@dataclass(frozen=True, slots=True)
class BrowserAnswer:
    peer_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class IceServer:
    url: str
    user: str | None
    password: str | None = field(repr=False)


class BrowserCalls:
    def __init__(self, peers: Peers, prepare: PrepareCall, supervisor: Supervisor) -> None:
        self._peers = peers
        self._prepare = prepare
        self._supervisor = supervisor

    def ice_servers(self) -> Sequence[IceServer]:
        """Which a browser may ask to be reached, with credentials that hold for now."""
        return [
            IceServer(str(server.urls), server.username, server.credential)
            for server in self._peers.ice_servers()
        ]

    async def answer(self, scope: OrgScope, offer: BrowserOffer) -> BrowserAnswer:
        """A call that is not under way any more begins anew."""
        offered = await asyncio.to_thread(check_offer, offer.sdp)
        peer = self._peers.find(offer.peer_id, scope.org_id) if offer.peer_id else None
        if peer:
            return BrowserAnswer(peer.id, await peer.answer(offered, restarts=offer.restarts))
        if offer.agent_id is None:
            raise AgentNotNamed
        call = await self._prepare(scope, offer.agent_id, offer.customer_id)
        has_video = call.has_video if offer.has_video is None else offer.has_video
        peer, sdp = await self._peers.connect(scope.org_id, offered, has_video=has_video)
        self._supervisor.spawn("browser call", self._hold(peer, call))
        return BrowserAnswer(peer.id, sdp)

    def add_candidates(self, peer_id: str, candidates: Sequence[Candidate]) -> None:
        """Of whoever knows the id, which only the answer told."""
        self._peers.add_candidates(peer_id, candidates)

    async def _hold(self, peer: Peer, call: Prepared) -> None:
        try:
            if await peer.ready():
                await call.hold(peer)
        except AppError as error:
            log.warning("a call from a browser failed: %s", error.code)
            peer.fail(error.message)
        finally:
            await peer.close()
