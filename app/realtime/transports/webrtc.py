"""Browsers as lines: each peer is one, through all the connections that it makes in a call."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from aiortc import RTCIceServer
from av.video.frame import VideoFrame

from app.asr.live import Encoding
from app.core.aio import Channel, Supervisor
from app.core.audio.convert import Samples
from app.core.errors import NotFound, RateLimited, Unavailable
from app.realtime.events import SessionEvent
from app.realtime.playout import Playout
from app.realtime.transports.echo import EchoGate
from app.realtime.transports.ice_servers import IceServers, Relay
from app.realtime.transports.link import Link
from app.realtime.transports.media import HEARD_RATE, Camera
from app.realtime.transports.rtvi import (
    PEER_LEFT,
    Chat,
    ClientReady,
    HangUp,
    Interrupt,
    Message,
    Typed,
)
from app.realtime.transports.signalling import (
    MOST_CANDIDATES,
    Candidate,
    CandidateInvalid,
    Offered,
    check_candidates,
)

SPOKEN_RATE = 24_000
_MOST_UNHEARD = 250
"""Frames of 20 ms. Where hearing lags by more, the oldest are lost."""
_READY_S = 2.0
_CONNECT_S = 30.0
_MOST_OPEN = 25
"""Offers of one organization that nobody has come with yet."""
_LOST_S = 15.0
_LOOK_S = 1.0
_MOST_MESSAGES_PER_S = 50


class PeerNotFound(NotFound):
    """It never was, or has hung up."""

    def __init__(self) -> None:
        super().__init__("Peer connection not found", field="pc_id")


class PeersFull(Unavailable):
    code = "peers_full"

    def __init__(self) -> None:
        super().__init__("Too many browsers are connected; try again later", retry_after_s=30)


class OffersOpen(RateLimited):
    """Each holds sockets until its browser comes, or is given up."""

    code = "offers_open"

    def __init__(self) -> None:
        fault = f"{_MOST_OPEN} offers were answered, and nobody has connected yet"
        super().__init__(fault, retry_after_s=round(_CONNECT_S))


class Peer:
    """`owner`: the organization whose call this is."""

    encoding: Encoding = "s16le"
    sample_rate = HEARD_RATE

    def __init__(
        self, owner: UUID, chat: Chat, new_link: "Callable[[Peer], Link]", gone: "Forget"
    ) -> None:
        self.id = secrets.token_urlsafe(24)
        self.owner = owner
        self.playout = Playout(SPOKEN_RATE)
        self.typed: Callable[[str], None] = lambda text: None
        self.camera = Camera()
        self._echo = EchoGate(SPOKEN_RATE, HEARD_RATE)
        self.is_connected = False
        self.was_connected = False
        self.is_gone = False
        self._chat = chat
        self._new_link = new_link
        self._link = new_link(self)
        self._gone = gone
        self._negotiating = asyncio.Lock()
        self._unheard: Channel[bytes] = Channel(_MOST_UNHEARD)
        self._ready = asyncio.Event()
        self._moved = asyncio.Event()
        self._last_sign_s = self._now_s()
        self._candidates = 0
        self._second, self._messages = 0, 0

    async def answer(self, offered: Offered, *, restarts: bool) -> str:
        """`restarts`: a new connection takes the place of the one there was. So it does where that
        cannot go on with what is offered."""
        async with self._negotiating:
            if self.is_gone:
                raise PeerNotFound
            self._last_sign_s = self._now_s()
            self._candidates = 0
            if self._link.can_take(offered) and not restarts:
                return await self._link.answer(offered)
            return await self._answer_anew(offered)

    def add_candidates(self, candidates: Sequence[Candidate]) -> None:
        checked = check_candidates(candidates, self._link.mids)
        self._candidates += len(checked)
        if self._candidates > 2 * MOST_CANDIDATES:
            raise CandidateInvalid("there were too many before")
        self._link.add_candidates(checked)

    async def _answer_anew(self, offered: Offered) -> str:
        """The connection that there was stays where nothing can be agreed on."""
        link = self._new_link(self)
        try:
            answer = await link.answer(offered)
        except BaseException:
            await link.close()
            raise
        old, self._link = self._link, link
        self.is_connected = False
        await old.close()
        return answer

    async def ready(self) -> bool:
        """Once it is connected and, if it speaks our protocol, says that it wants to begin. False
        where it went before."""
        while not (self.is_connected or self.is_gone):
            self._moved.clear()
            await self._moved.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                await self._ready.wait()
        return not self.is_gone

    async def sounds(self) -> AsyncIterator[bytes]:
        async for sound in self._unheard:
            yield sound

    def tell(self, event: SessionEvent) -> None:
        self._send(self._chat.told(event))

    def fail(self, why: str) -> None:
        self._send([self._chat.failed(why)])

    async def close(self) -> None:
        if not self._gone(self):
            return
        self.hung_up()
        self._send([PEER_LEFT])
        async with self._negotiating:  # which may open another one meanwhile
            await self._link.close()

    def is_lost(self) -> bool:
        patience_s = _LOST_S if self.is_connected else _CONNECT_S
        return self._now_s() - self._last_sign_s > patience_s

    def said(self, sound: Samples) -> None:
        self._echo.said(sound)

    def heard(self, sound: bytes) -> None:
        self._last_sign_s = self._now_s()
        if self.is_gone:
            return
        sound = self._echo.heard(sound)
        if not self._unheard.try_send(sound):
            self._unheard.try_receive()
            self._unheard.try_send(sound)

    def looks(self) -> bool:
        return self.camera.is_watched

    def seen(self, picture: VideoFrame) -> None:
        self.camera.show(picture)

    def received(self, text: str) -> None:
        self._last_sign_s = self._now_s()
        if text.startswith("ping") or self._is_flood():
            return
        command, answers = self._chat.received(text)
        self._send(answers)
        match command:
            case ClientReady():
                self._ready.set()
            case Typed(said):
                self.typed(said)
            case HangUp():
                self.hung_up()
            case Interrupt():
                self.playout.refused()
            case None:
                pass

    def connected(self) -> None:
        self.is_connected = self.was_connected = True
        self._last_sign_s = self._now_s()
        self._moved.set()

    def hung_up(self) -> None:
        """What was heard until now can still be read."""
        if not self.is_gone:
            self.is_gone = True
            self._unheard.close()
            self._ready.set()
            self._moved.set()

    def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._link.send(msgspec.json.encode(message).decode())

    def _is_flood(self) -> bool:
        second = int(self._now_s())
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        return self._messages > _MOST_MESSAGES_PER_S

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


Forget = Callable[[Peer], bool]
"""False where it was forgotten before."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How browsers reach us, and how many may at once."""

    ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple
    count_relay: Callable[[Relay], None] = lambda outcome: None
    most: int = 100


class Peers:
    """All browsers that are connected to this process."""

    def __init__(
        self,
        reach: Reach,
        supervisor: Supervisor,
        product: tuple[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._reach = reach
        self._ice_servers = IceServers(reach.ice_servers, reach.count_relay, supervisor)
        self._supervisor = supervisor
        self._product = product
        self._now = now
        self._peers: dict[str, Peer] = {}

    @property
    def connected(self) -> Mapping[str, Peer]:
        return self._peers

    def ice_servers(self) -> Sequence[RTCIceServer]:
        """Those that we ask, for browsers to ask too."""
        return self._ice_servers.now()

    async def connect(self, owner: UUID, offered: Offered, *, has_video: bool) -> tuple[Peer, str]:
        """And what answers the offer."""
        if len(self._peers) >= self._reach.most:
            raise PeersFull
        own = [peer for peer in self._peers.values() if peer.owner == owner]
        if sum(not peer.was_connected for peer in own) >= _MOST_OPEN:
            raise OffersOpen

        def new_link(peer: Peer) -> Link:
            servers, playout = self._ice_servers, peer.playout
            return Link(servers, playout, peer, self._supervisor, has_video=has_video)

        peer = Peer(owner, Chat(self._product, self._now), new_link, self._forget)
        self._peers[peer.id] = peer
        try:
            return peer, await peer.answer(offered, restarts=False)
        except BaseException:
            await peer.close()
            raise

    def find(self, peer_id: str, owner: UUID) -> Peer | None:
        peer = self._peers.get(peer_id)
        return peer if peer and peer.owner == owner and not peer.is_gone else None

    def add_candidates(self, peer_id: str, candidates: Sequence[Candidate]) -> None:
        """The id is known to nobody but the browser that was given it."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.is_gone:
            raise PeerNotFound
        peer.add_candidates(candidates)

    async def run(self) -> None:
        """A service: hangs up for those that vanished."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for peer in [peer for peer in self._peers.values() if peer.is_lost()]:
                await peer.close()

    def _forget(self, peer: Peer) -> bool:
        return self._peers.pop(peer.id, None) is not None
