"""The path that a connection takes. It can move: aiortc knows no restart of ICE, so another ICE
connection is put beneath the one encrypted channel, which notices nothing."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from aioice import Connection
from aiortc import RTCIceCandidate, RTCIceServer, RTCIceTransport
from aiortc.rtcicetransport import connection_kwargs

_CONNECTION = "_connection"
_QUEUE = "_queue"
_END_AWAITED = "_event_waiter"
_REACHED_WITHIN_S = 30.0

log = logging.getLogger(__name__)


class IcePath:
    """`_used` carries what is sent. `_next` may take its place, once it reaches the other side."""

    def __init__(
        self, transport: RTCIceTransport, servers: Callable[[], Sequence[RTCIceServer]]
    ) -> None:
        """Before anything is sent over the transport."""
        self._transport = transport
        self._servers = servers
        self._used: Connection = getattr(transport, _CONNECTION)
        self._next: Connection | None = None
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listen_to(self._used)
        for name, take in (("_recv", self._receive), ("_send", self._send)):
            assert hasattr(transport, name)
            setattr(transport, name, take)

    @property
    def is_open(self) -> bool:
        return self._transport.state == "completed"

    @property
    def own_candidates(self) -> Sequence[RTCIceCandidate]:
        return self._transport.iceGatherer.getLocalCandidates()

    async def add(self, candidate: RTCIceCandidate) -> None:
        """Of the other side. That no more come is never told: the search would end with what is
        known, though who seeks us may yet be seen by coming."""
        await self._transport.addRemoteCandidate(candidate)

    async def look_around(self) -> None:
        """For the addresses that we have now. Our next description names them, with new secrets;
        the candidates of the other side that come from here on are for the new way."""
        await self.stay()
        options = connection_kwargs(list(self._servers()))
        is_controlling = self._used.ice_controlling
        self._next = Connection(ice_controlling=is_controlling, **options)
        self._listen_to(self._next)
        await self._next.gather_candidates()
        self._describe(self._next)

    async def move(self, username: str, password: str) -> None:
        """`username` and `password`: of the other side. Until it is reached, and where it never
        is, all stays as it was."""
        chosen = self._next
        if chosen is None:
            return
        chosen.remote_username, chosen.remote_password = username, password
        try:
            async with asyncio.timeout(_REACHED_WITHIN_S):
                await chosen.connect()
        except (ConnectionError, TimeoutError):
            log.info("a restart of ICE found no way")
            if chosen is self._next:
                await self.stay()
            return
        if chosen is not self._next:
            return
        old, self._used, self._next = self._used, chosen, None
        setattr(chosen, _END_AWAITED, getattr(old, _END_AWAITED))
        setattr(old, _END_AWAITED, None)
        await old.close()

    async def stay(self) -> None:
        """Where it is."""
        dropped, self._next = self._next, None
        self._describe(self._used)
        if dropped:
            await dropped.close()

    async def close(self) -> None:
        """What ends with the transport. One that ended in the middle of a move has closed the other
        way alone, and waits for this one."""
        await self.stay()
        if self._transport.state == "closed":
            await self._used.close()

    def _describe(self, connection: Connection) -> None:
        for owner in (self._transport, self._transport.iceGatherer):
            assert hasattr(owner, _CONNECTION)
            setattr(owner, _CONNECTION, connection)

    def _listen_to(self, connection: Connection) -> None:
        assert hasattr(connection, _QUEUE)
        setattr(connection, _QUEUE, _Inbox(self, connection))

    def arrived(self, connection: Connection, data: bytes | None) -> None:
        """`data` none: the connection is over."""
        if data is not None or (connection is self._used and self._next is None):
            self._arrived.put_nowait(data)

    async def _receive(self) -> bytes:
        data = await self._arrived.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        """Into the void while another way is looked for."""
        try:
            await self._used.send(data)
        except ConnectionError:
            if self._next is None:
                raise


class _Inbox:
    """What aioice takes for its queue."""

    def __init__(self, path: IcePath, connection: Connection) -> None:
        self._path = path
        self._connection = connection

    def put_nowait(self, item: tuple[bytes, Any] | None) -> None:
        self._path.arrived(self._connection, item[0] if item else None)
