"""Recordings of calls on the disk, each encrypted under a key that is in the record of its call."""

import asyncio
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from app.calls.sessions.domain import Call
from app.calls.sessions.recording import Recorder
from app.calls.sessions.sealed_file import CHUNK_BYTES, read_sealed
from app.core.crypto import KeyRing
from app.core.errors import InvalidInput, NotFound
from app.realtime.line import Line

TICKET_S = 300
STRAY_AFTER_S = 24 * 3600
_PURPOSE = "recording"
_LONGEST_TICKET = 400
_READ_AT_ONCE = 16 * CHUNK_BYTES


class RecordingNotFound(NotFound):
    """There was none, or the call is not over."""

    code = "recording_not_found"


class RecordingTicketInvalid(InvalidInput):
    """It was not made here, or has expired."""

    code = "recording_ticket_invalid"


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    org_id: UUID
    call_id: UUID
    expires_at: int


@dataclass(frozen=True, slots=True)
class Recording:
    path: Path
    key: bytes
    size: int

    async def read(self, first: int, end: int) -> AsyncGenerator[bytes]:
        """From `first` up to `end`."""
        for begin in range(first, end, _READ_AT_ONCE):
            until = min(begin + _READ_AT_ONCE, end)
            yield await asyncio.to_thread(self._piece, begin, until)

    def _piece(self, first: int, end: int) -> bytes:
        return b"".join(read_sealed(self.path, self.key, first, end))


class Recordings:
    def __init__(self, folder: Path, keys: KeyRing) -> None:
        self._folder = folder
        self._keys = keys

    def recorder(
        self, call_id: UUID, key: bytes, line: Line, began_s: float, waited_s: float
    ) -> Recorder:
        """`waited_s`: for so long the line was open before."""
        return Recorder(line, self._path(call_id), key, began_s, waited_s)

    async def find(self, call: Call) -> Recording:
        path, size = self._path(call.id), call.recorded_bytes
        if size is None or not await asyncio.to_thread(path.exists):
            raise RecordingNotFound("The call has no recording")
        return Recording(path, call.contents.recording_key, size)

    def ticket(self, org_id: UUID, call_id: UUID) -> str:
        """Lets whoever has it hear this recording, for a few minutes."""
        ticket = _Ticket(org_id, call_id, int(time.time()) + TICKET_S)
        body = msgspec.json.encode(ticket)
        return f"{_text(body)}.{_text(self._keys.sign(body, purpose=_PURPOSE))}"

    def opened(self, ticket: str) -> tuple[UUID, UUID]:
        """The organization and its call."""
        body, _, signature = ticket[:_LONGEST_TICKET].partition(".")
        try:
            signed = _bytes(body)
            if not self._keys.verify(signed, _bytes(signature), purpose=_PURPOSE):
                raise ValueError
            told = msgspec.json.decode(signed, type=_Ticket)
        except ValueError:
            raise RecordingTicketInvalid("This address of a recording is not one of ours") from None
        if told.expires_at < time.time():
            raise RecordingTicketInvalid("This address of a recording has expired")
        return told.org_id, told.call_id

    async def forget(self, call_ids: Collection[UUID]) -> None:
        for call_id in call_ids:
            await asyncio.to_thread(self._path(call_id).unlink, missing_ok=True)

    async def old(self) -> list[UUID]:
        """Of which calls files have lain here for a day."""
        return await asyncio.to_thread(self._old)

    def _old(self) -> list[UUID]:
        if not self._folder.is_dir():
            return []
        before = time.time() - STRAY_AFTER_S
        return [UUID(path.stem) for path in self._folder.iterdir() if path.stat().st_mtime < before]

    def _path(self, call_id: UUID) -> Path:
        return self._folder / f"{call_id}.sealed"


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
