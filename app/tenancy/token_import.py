"""Imports the tokens of an earlier gateway: each once, so that one revoked since stays revoked."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.scope import OrgScope
from app.tenancy import earlier_tokens
from app.tenancy.domain.keys import KeyFamily, TokensImported, hint_of
from app.tenancy.domain.principals import KEY_SCOPES
from app.tenancy.earlier_tokens import EarlierToken
from app.tenancy.keys import SHA256_FORM, imported_hashes
from app.tenancy.store import keys as store
from app.tenancy.store.organizations import lock_organization

log = logging.getLogger(__name__)

AT_ONCE = 500
_NAMESPACE = UUID("0d9c8f0e-6c0e-5b1b-9a43-7a4f6a3d2b51")


class TokenImport:
    def __init__(self, database: Database, events: Events, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._keys = keys

    async def run(self, scope: OrgScope, path: Path) -> int:
        """How many are new, as ordinary keys: no earlier token makes an operator."""
        found = await asyncio.to_thread(earlier_tokens.read, path, utc_now())
        imported = 0
        async with self._database.transaction(scope) as tx:
            await lock_organization(tx)
            for start in range(0, len(found.live), AT_ONCE):
                imported += await self._add(tx, found.live[start : start + AT_ONCE])
                await asyncio.sleep(0)
            if imported:
                event = TokensImported(imported=imported, skipped=found.skipped)
                await self._events.publish(tx, event)
        log.info(
            "imported %d tokens from %s; %d were there already, %d are revoked, expired or unclear",
            imported,
            path,
            len(found.live) - imported,
            found.skipped,
        )
        return imported

    async def _add(self, tx: Tx, tokens: Sequence[EarlierToken]) -> int:
        """A row is known by its place, and by its token under whatever master key there was."""
        hashes = {token.place: self._hashes(token) for token in tokens}
        known = await store.known_hashes(tx, [each for all_ in hashes.values() for each in all_])
        rows = [
            _row(tx.org_id, token, hashes[token.place][0])
            for token in tokens
            if known.isdisjoint(hashes[token.place])
        ]
        return await store.add_keys(tx, rows) if rows else 0

    def _hashes(self, token: EarlierToken) -> list[bytes]:
        if token.token is None:
            return self._keys.token_hashes(f"{SHA256_FORM}{token.sha256}")
        return [*self._keys.token_hashes(token.token), *imported_hashes(self._keys, token.token)]


def _id_of(org_id: UUID, token: EarlierToken) -> UUID:
    """The same at each import, also under another master key. Four digits of the hash tell the
    rows of two databases apart, and are too few to find a token by."""
    digest = token.sha256 or hashlib.sha256((token.token or "").encode()).hexdigest()
    return uuid5(_NAMESPACE, f"{org_id}|{token.place}|{digest[:4]}")


def _row(org_id: UUID, token: EarlierToken, token_hash: bytes) -> dict[str, Any]:
    prefix = KeyFamily.GATEWAY.prefix
    is_ours = token.token is not None and token.token.startswith(prefix)
    return {
        "id": _id_of(org_id, token),
        "user_id": token.user_id,
        "label": token.label,
        "token_hash": token_hash,
        "hint": hint_of(token.token, prefix) if token.token and is_ours else "",
        "family": KeyFamily.GATEWAY,
        "scopes": list(KEY_SCOPES),
        "is_admin": False,
        "created_at": token.created_at or utc_now(),
        "expires_at": token.expires_at,
    }
