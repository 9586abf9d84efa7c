"""Quotas of organizations: asked before the work begins, refused at once, never waited for."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from app.core import settings as declared
from app.core.clock import utc_now
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Events
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.core.slots import Slots
from app.tenancy.domain.organizations import OrganizationNotFound
from app.tenancy.domain.quota import (
    AUDIO,
    Quota,
    QuotaChanged,
    QuotaExceeded,
    QuotaUse,
    Slot,
    month_after,
    month_of,
)
from app.tenancy.known import KnownCallers
from app.tenancy.store import quota as store
from app.tenancy.usage import UsageMeter

CHANNEL = "parley_quotas"
AUDIO_READ_EVERY_S = 5.0
_MOST_REMEMBERED = 10_000


class Quotas:
    def __init__(
        self,
        database: Database,
        events: Events,
        notices: Notices,
        slots: Slots,
        usage: UsageMeter,
        defaults: declared.Quotas,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._slots = slots
        self._usage = usage
        self._metrics = metrics
        self._defaults = Quota(
            defaults.concurrent_calls,
            defaults.concurrent_streams,
            defaults.audio_minutes_per_month,
        )
        self._known = KnownCallers[UUID, Quota](notices, CHANNEL)
        self._audio_read: dict[UUID, tuple[float, float]] = {}

    @asynccontextmanager
    async def slot(self, scope: OrgScope, slot: Slot) -> AsyncGenerator[None]:
        """Holds one for the block, or refuses it."""
        forbid_in_transaction()
        most = (await self._limits(scope)).at_once(slot)
        key = _key(scope.org_id, slot)
        held = await self._slots.take(key, most)
        if held is None:
            self._metrics.quota_refusals.labels(slot).inc()
            raise QuotaExceeded(
                f"The organization's quota is used up: {slot.value} is {most}",
                quota=slot.value,
                limit=most,
            )
        self._metrics.slots_in_use.labels(slot).inc()
        try:
            yield
        finally:
            self._metrics.slots_in_use.labels(slot).dec()
            await self._slots.give_back(key, held)

    async def admit_audio(self, scope: OrgScope) -> None:
        """Before audio is heard or made: refuses where the month's minutes are used up."""
        forbid_in_transaction()
        limit = (await self._limits(scope)).audio_minutes_per_month
        if limit is None or await self._audio_s(scope) < limit * 60:
            return
        self._metrics.quota_refusals.labels(AUDIO).inc()
        now = utc_now()
        raise QuotaExceeded(
            f"The organization's quota is used up: {AUDIO} is {limit}",
            quota=AUDIO,
            limit=limit,
            retry_after_s=int((month_after(now) - now).total_seconds()) + 1,
        )

    async def get(self, tx: Tx) -> tuple[Quota, Quota]:
        """What is set for the organization of the scope, and what holds."""
        await self._require_organization(tx)
        own = await store.find_quota(tx)
        return own, own.over(self._defaults)

    async def set(self, tx: Tx, quota: Quota) -> Quota:
        """What then holds. Slots that are held already are not taken back."""
        await self._require_organization(tx)
        if quota != await store.find_quota(tx):
            await store.put_quota(tx, quota)
            await self._notices.notify(tx, CHANNEL)
            await self._events.publish(
                tx,
                QuotaChanged(
                    concurrent_calls=quota.concurrent_calls,
                    concurrent_streams=quota.concurrent_streams,
                    audio_minutes_per_month=quota.audio_minutes_per_month,
                ),
            )
        return quota.over(self._defaults)

    async def use(self, scope: OrgScope) -> QuotaUse:
        """Of all replicas, as far as they share a Redis."""
        forbid_in_transaction()
        return QuotaUse(
            concurrent_calls=await self._slots.used(_key(scope.org_id, Slot.CALL)),
            concurrent_streams=await self._slots.used(_key(scope.org_id, Slot.STREAM)),
            audio_minutes_this_month=await self._audio_s(scope) / 60,
        )

    async def _limits(self, scope: OrgScope) -> Quota:
        known = self._known.find(scope.org_id)
        if known is not None:
            return known
        generation = self._known.generation
        async with self._database.transaction(scope) as tx:
            quota = (await store.find_quota(tx)).over(self._defaults)
        self._known.remember(scope.org_id, quota, expires_at=None, generation=generation)
        return quota

    async def _audio_s(self, scope: OrgScope) -> float:
        """What is written is asked for every few seconds at most."""
        now_s = time.monotonic()
        read_at_s, written_s = self._audio_read.get(scope.org_id, (0.0, 0.0))
        if not read_at_s or now_s - read_at_s > AUDIO_READ_EVERY_S:
            async with self._database.transaction(scope) as tx:
                written_s = await store.audio_s_since(tx, month_of(utc_now()))
            if len(self._audio_read) >= _MOST_REMEMBERED:
                self._audio_read.clear()
            self._audio_read[scope.org_id] = now_s, written_s
        return written_s + self._usage.pending_audio_s(scope.org_id)

    async def _require_organization(self, tx: Tx) -> None:
        if not await store.organization_exists(tx):
            raise OrganizationNotFound("Organization not found")


def _key(org_id: UUID, slot: Slot) -> str:
    return f"{org_id}:{slot.value}"
