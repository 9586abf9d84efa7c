"""The secrets of organizations that their tools may use: kept encrypted, each for one host, and
never shown to anybody again."""

import logging
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.clock import utc_now
from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database, Tx
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.events import Events
from app.core.http import OutboundBlocked
from app.core.http.urls import read_url
from app.core.jobs import JobKind, Jobs
from app.core.scope import Scope
from app.llm.store import tools as store
from app.llm.store.tools import ToolSecretRow
from app.llm.tools.secrets import Secret
from app.tenancy.domain.audit import AuditedEvent

log = logging.getLogger(__name__)

MOST_SECRETS = 100
LONGEST_NAME = 40

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VALUE = re.compile(r"[!-~][ -~]{6,3998}[!-~]")
"""What fits into a header, and is long enough not to be found in every text that comes back."""


class ToolSecretNotFound(NotFound):
    pass


class ToolSecretsFull(Conflict):
    pass


class ToolSecretInvalid(InvalidInput):
    code = "tool_secret_invalid"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}", field=field)


class ToolSecretSet(AuditedEvent, frozen=True):
    name: str
    host: str


class ToolSecretDeleted(AuditedEvent, frozen=True):
    name: str


class RotateToolSecrets(msgspec.Struct, frozen=True):
    pass


ROTATE = JobKind("llm.rotate_tool_secrets", RotateToolSecrets, cron="51 3 * * *")


class KeptSecret(msgspec.Struct, frozen=True):
    """All that is ever told of one. `host` is the only one that it is sent to."""

    name: str
    host: str
    changed_at: datetime


class ToolSecrets:
    def __init__(self, database: Database, events: Events, jobs: Jobs, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._jobs = jobs
        self._keys = keys
        jobs.register(ROTATE, self._rotate)

    async def list(self, tx: Tx) -> list[KeptSecret]:
        return [_shown(row) for row in await store.secrets(tx)]

    async def put(self, tx: Tx, name: str, value: str, host: str) -> KeptSecret:
        """Instead of what there was under this name."""
        if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            fault = f"a name has 1 to {LONGEST_NAME} of a-z, 0-9 and _, and begins with a letter"
            raise ToolSecretInvalid("secret_name", fault)
        if not _VALUE.fullmatch(value):
            raise ToolSecretInvalid("value", "it must have 8 to 4000 printable ASCII characters")
        row = ToolSecretRow(
            name=name,
            host=_host(host),
            sealed=self._keys.encrypt(value.encode(), context=_context(tx.org_id, name)),
            changed_at=utc_now(),
        )
        if await store.put_secret(tx, row) > MOST_SECRETS:
            raise ToolSecretsFull(f"There are {MOST_SECRETS} secrets, which is the most")
        await self._events.publish(tx, ToolSecretSet(name=name, host=row.host))
        return _shown(row)

    async def delete(self, tx: Tx, name: str) -> None:
        """Tools that refer to it say so when they are called."""
        if not _NAME.fullmatch(name) or not await store.remove_secret(tx, name):
            raise ToolSecretNotFound("Secret not found")
        await self._events.publish(tx, ToolSecretDeleted(name=name))

    async def open(self, tx: Tx, names: Collection[str]) -> Sequence[Secret]:
        """Those of these names that there are."""
        if not names:
            return ()
        rows = await store.secrets_named(tx, names)
        return tuple(secret for row in rows if (secret := self._opened(row)))

    def _opened(self, row: ToolSecretRow) -> Secret | None:
        context, name = _context(row.org_id, row.name), _full_name(row.org_id, row.name)
        value = self._keys.find_decrypted(row.sealed, context=context, name=name)
        return Secret(row.name, row.host, value.decode()) if value is not None else None

    async def rotate_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, ROTATE, RotateToolSecrets(), key="all")

    async def _rotate(self, scope: Scope, _: RotateToolSecrets) -> None:
        """Encrypts again what an older master key encrypted, one after the other."""
        async with self._database.transaction(scope) as tx:
            heads = await store.heads_of_secrets(tx, HEADER_BYTES)
        for org_id, name, head in heads:
            if self._keys.needs_rotation(head):
                async with self._database.transaction(scope) as tx:
                    await self._rotate_one(tx, org_id, name)

    async def _rotate_one(self, tx: Tx, org_id: UUID, name: str) -> None:
        row = await store.find_locked_secret(tx, org_id, name)
        if row is None:
            return
        try:
            row.sealed = self._keys.rotate(row.sealed, context=_context(org_id, name))
        except DecryptionFailed:
            log.error("no master key decrypts %s", _full_name(org_id, name))


def _host(text: str) -> str:
    try:
        url = read_url(f"https://{text}")
    except OutboundBlocked:
        raise ToolSecretInvalid("host", "it is no host name") from None
    if url.raw_path != b"/" or url.port or url.fragment or len(text) > 253:
        raise ToolSecretInvalid("host", "it must be the name of a host alone")
    return url.raw_host.decode("ascii")


def _context(org_id: UUID, name: str) -> bytes:
    return context_of("llm_tool_secrets", "sealed", str(org_id), name)


def _shown(row: ToolSecretRow) -> KeptSecret:
    return KeptSecret(row.name, row.host, row.changed_at)


def _full_name(org_id: UUID, name: str) -> str:
    return f"the tool secret {name} of organization {org_id}"
