"""What users say, and say of themselves, is encrypted at rest."""

import logging
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database
from app.core.scope import Scope
from app.llm.store import dialogues as store
from app.llm.store.dialogues import ExchangeRow, Personal, PreferencesRow

log = logging.getLogger(__name__)

S = TypeVar("S", bound=msgspec.Struct)

_AT_ONCE = 200
_FIRST = UUID(int=0)

KINDS: tuple[type[Personal], ...] = (ExchangeRow, PreferencesRow)


class Sealing:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def seal(self, kind: type[Personal], user_id: str, value: msgspec.Struct) -> tuple[UUID, bytes]:
        """The id of the row that is to hold it, and nowhere else can it be opened."""
        row_id = uuid4()
        context = _context(kind, user_id, row_id)
        return row_id, self._keys.encrypt(msgspec.json.encode(value), context=context)

    def open(self, row: Personal, kind: type[S]) -> S:
        return msgspec.json.decode(self._keys.decrypt(row.sealed, context=_of(row)), type=kind)

    async def rotate(self, database: Database, scope: Scope) -> None:
        """Encrypts again what an older master key encrypted."""
        for kind in KINDS:
            async with database.transaction(scope) as tx:
                heads = await store.heads(tx, kind, HEADER_BYTES)
            for head in filter(self._keys.needs_rotation, heads):
                if lost := await self._rotate_all(database, scope, kind, head):
                    log.error("no master key decrypts %d rows of %s", lost, kind.__tablename__)

    async def _rotate_all(
        self, database: Database, scope: Scope, kind: type[Personal], head: bytes
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

    def _rotated(self, row: Personal) -> bool:
        try:
            row.sealed = self._keys.rotate(row.sealed, context=_of(row))
        except DecryptionFailed:
            return False
        return True


def _of(row: Personal) -> bytes:
    return _context(type(row), row.user_id, row.id)


def _context(kind: type[Personal], user_id: str, row_id: UUID) -> bytes:
    return context_of(kind.__tablename__, "sealed", user_id, str(row_id))
