"""What is known of customers is encrypted at rest; a keyed hash finds a number again."""

import logging
from uuid import UUID

import msgspec

from app.calls.customers import store
from app.calls.customers.domain import CustomerDetails
from app.calls.customers.store import CustomerRow
from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database
from app.core.scope import Scope

log = logging.getLogger(__name__)

_AT_ONCE = 200
_FIRST = UUID(int=0)


class CustomerSealing:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def seal(self, customer_id: UUID, details: CustomerDetails) -> bytes:
        return self._keys.encrypt(msgspec.json.encode(details), context=_context(customer_id))

    def open(self, customer_id: UUID, sealed: bytes) -> CustomerDetails:
        plain = self._keys.decrypt(sealed, context=_context(customer_id))
        return msgspec.json.decode(plain, type=CustomerDetails)

    def opened(self, customer_id: UUID, sealed: bytes) -> CustomerDetails | None:
        """None where no master key opens it, which keeps nobody from the others."""
        context, name = _context(customer_id), f"customer {customer_id}"
        plain = self._keys.find_decrypted(sealed, context=context, name=name)
        return None if plain is None else msgspec.json.decode(plain, type=CustomerDetails)

    def phone_hash(self, org_id: UUID, phone_number: str) -> bytes:
        return self.phone_hashes(org_id, phone_number)[0]

    def phone_hashes(self, org_id: UUID, phone_number: str) -> list[bytes]:
        """Under every key, the current one first. Another organization's number has another."""
        return self._keys.token_hashes(f"customer of {org_id}: {phone_number}")

    async def rotate(self, database: Database, scope: Scope) -> None:
        """Encrypts and hashes again what an older master key did."""
        async with database.transaction(scope) as tx:
            heads = await store.heads(tx, HEADER_BYTES)
        for head in filter(self._keys.needs_rotation, heads):
            if lost := await self._rotate_all(database, scope, head):
                log.error("no master key decrypts %d customers", lost)

    async def _rotate_all(self, database: Database, scope: Scope, head: bytes) -> int:
        """How many cannot be decrypted."""
        lost, last = 0, _FIRST
        while True:
            async with database.transaction(scope) as tx:
                rows = await store.sealed_under(tx, head, after=last, limit=_AT_ONCE)
                if not rows:
                    return lost
                lost += sum(not self._rotated(row) for row in rows)
                last = rows[-1].id

    def _rotated(self, row: CustomerRow) -> bool:
        try:
            details = self.open(row.id, row.sealed)
        except DecryptionFailed:
            return False
        row.sealed = self.seal(row.id, details)
        if details.phone_number:
            row.phone_hash = self.phone_hash(row.org_id, details.phone_number)
        return True


def _context(customer_id: UUID) -> bytes:
    return context_of("customers", "sealed", str(customer_id))
