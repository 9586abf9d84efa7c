"""Messages of a browser that come in pieces: so many wait for the rest of theirs, and no more."""

from collections.abc import Callable

from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk

_RECEIVE, _STREAMS, _ROOM, _AHEAD = (
    "_receive_data_chunk",
    "_inbound_streams",
    "_advertised_rwnd",
    "_sack_misordered",
)
_MOST_STREAMS = 32
_MOST_WAITING = 1000
"""Pieces of one stream, and pieces before which one is missing. aiortc looks at all of them when
the next one comes."""


class PiecesInBounds:
    """aiortc keeps whatever comes, also from who was told that there is no more room."""

    def __init__(self, transport: RTCSctpTransport, too_many: Callable[[], None]) -> None:
        self._transport = transport
        self._receive = getattr(transport, _RECEIVE)
        self._too_many = too_many

    @classmethod
    def take_over(cls, transport: RTCSctpTransport, too_many: Callable[[], None]) -> None:
        """Does nothing where it was done before. `too_many`: is told of each piece that is lost."""
        for name in (_RECEIVE, _STREAMS, _ROOM, _AHEAD):
            assert hasattr(transport, name)
        if _RECEIVE not in vars(transport):
            setattr(transport, _RECEIVE, cls(transport, too_many).receive)

    async def receive(self, piece: DataChunk) -> None:
        if self._has_room(piece.stream_id):
            await self._receive(piece)
        else:
            self._too_many()

    def _has_room(self, stream_id: int) -> bool:
        transport, streams = self._transport, getattr(self._transport, _STREAMS)
        if getattr(transport, _ROOM) < 0 or len(getattr(transport, _AHEAD)) > _MOST_WAITING:
            return False
        if stream_id not in streams:
            return len(streams) < _MOST_STREAMS
        return len(streams[stream_id].reassembly) <= _MOST_WAITING
