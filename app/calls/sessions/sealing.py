"""What was said in calls, and who called whom, is encrypted at rest."""

import logging
from typing import TypeVar
from uuid import UUID

import msgspec

from app.calls.sessions import store
from app.calls.sessions.store import CallRow, CallTurnRow, Sealed
from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database
from app.core.scope import Scope

log = logging.getLogger(__name__)

S = TypeVar("S", bound=msgspec.Struct)

KINDS: tuple[type[Sealed], ...] = (CallRow, CallTurnRow)
_AT_ONCE = 200
_FIRST = UUID(int=0)


class CallSealing:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def seal(self, row: Sealed, value: msgspec.Struct) -> None:
        """Nowhere but in this row can it be opened."""
        row.sealed = self._keys.encrypt(msgspec.json.encode(value), context=_context(row))

    def open(self, row: Sealed, kind: type[S]) -> S:
        return msgspec.json.decode(self._keys.decrypt(row.sealed, context=_context(row)), type=kind)

    def opened(self, row: Sealed, kind: type[S]) -> S | None:
        """None where no master key opens it, which keeps nobody from the other rows."""
        name = f"the row {row.id} of {row.__tablename__}"
        plain = self._keys.find_decrypted(row.sealed, context=_context(row), name=name)
        return None if plain is None else msgspec.json.decode(plain, type=kind)

    async def rotate(self, database: Database, scope: Scope) -> None:
        """Encrypts again what an older master key encrypted."""
        for kind in KINDS:
            async with database.transaction(scope) as tx:
                heads = await store.heads(tx, kind, HEADER_BYTES)
            for head in filter(self._keys.needs_rotation, heads):
                if lost := await self._rotate_all(database, scope, kind, head):
                    log.error("no master key decrypts %d rows of %s", lost, kind.__tablename__)

    async def _rotate_all(
        self, database: Database, scope: Scope, kind: type[Sealed], head: bytes
    ) -> int:
        """How many cannot be decrypted."""
        lost, last = 0, _FIRST
        while True:
            async with database.transaction(scope) as tx:
                rows = await store.sealed_under(tx, kind, head, after=last, limit=_AT_ONCE)
                if not rows:
                    return lost
                lost += sum(not self._rotated(row) for row in rows)
                last = rows[-1].id

    def _rotated(self, row: Sealed) -> bool:
        try:
            row.sealed = self._keys.rotate(row.sealed, context=_context(row))
        except DecryptionFailed:
            return False
        return True


def _context(row: Sealed) -> bytes:
    return context_of(row.__tablename__, "sealed", str(row.id))
