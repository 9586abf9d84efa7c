"""What users say, and say of themselves, is encrypted at rest."""

import logging
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database, Tx
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
                after: UUID | None = _FIRST
                while after:
                    async with database.transaction(scope) as tx:
                        after = await self._rotate_some(tx, kind, head, after)

    async def _rotate_some(
        self, tx: Tx, kind: type[Personal], head: bytes, after: UUID
    ) -> UUID | None:
        """The last one that was looked at; None at the end."""
        rows = await store.sealed_under(tx, kind, head, after=after, limit=_AT_ONCE)
        for row in rows:
            try:
                row.sealed = self._keys.rotate(row.sealed, context=_of(row))
            except DecryptionFailed:
                log.exception("no master key decrypts %s %s", row.__tablename__, row.id)
        return rows[-1].id if rows else None


def _of(row: Personal) -> bytes:
    return _context(type(row), row.user_id, row.id)


def _context(kind: type[Personal], user_id: str, row_id: UUID) -> bytes:
    return context_of(kind.__tablename__, "sealed", user_id, str(row_id))
