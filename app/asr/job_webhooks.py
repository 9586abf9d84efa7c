"""Tells whoever asked for it that a transcription is over: a signed request, tried for hours.

It says where the result is and holds none of it: what was said goes to holders of a key only.
"""

import hashlib
import hmac
import logging
from uuid import UUID

import msgspec

from app.asr import store
from app.asr.store import JobRow
from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.errors import UpstreamFailed
from app.core.http import OutboundBlocked, OutboundClient, OutboundLimits
from app.core.http.urls import read_url
from app.core.jobs import JobFinal, JobKind, Jobs
from app.core.scope import Scope
from app.tenancy.organizations import Organizations, OutboundRules

log = logging.getLogger(__name__)

SIGNATURE = "X-Parley-Signature"
LONGEST_URL = 2000
GONE = 410
LIMITS = OutboundLimits(total_s=15, max_response_bytes=64 * 1024, max_redirects=0)


class TellJobOver(msgspec.Struct, frozen=True):
    job_id: UUID


TELL = JobKind("asr.webhook", TellJobOver, max_attempts=12)
"""A little over an hour of tries."""


class WebhookUrlInvalid(OutboundBlocked):
    """Refused when it is given: its form is wrong. Where it leads is looked at when it is used."""

    def __init__(self, reason: str) -> None:
        super().__init__("", f"webhook_url: {reason}")
        self.details["field"] = "webhook_url"


class WebhookRefused(UpstreamFailed):
    code = "webhook_refused"


class JobOver(msgspec.Struct, frozen=True, kw_only=True):
    """The body."""

    event: str
    job_id: UUID
    status: str
    status_url: str
    error: str | None
    created_at: str
    finished_at: str | None


class JobWebhooks:
    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        organizations: Organizations,
        outbound: OutboundClient,
        rules: OutboundRules,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._organizations = organizations
        self._outbound = outbound
        self._rules = rules
        jobs.register(TELL, self._tell)

    async def tell(self, tx: Tx, row: JobRow) -> None:
        """Soon after `tx` commits, where somebody wants to know."""
        if row.webhook_url:
            await self._jobs.enqueue(tx, TELL, TellJobOver(row.id), key=str(row.id))

    async def _tell(self, scope: Scope, job: TellJobOver) -> None:
        async with self._database.transaction(scope) as tx:
            row = await store.find(tx, job.job_id)
            if row is None or not row.webhook_url:
                return
            secret = await self._organizations.signing_secret(tx)
            allowed = await self._rules.list(tx)
        body = msgspec.json.encode(_over(row))
        headers = {
            "content-type": "application/json",
            SIGNATURE: signature(secret, body, int(utc_now().timestamp())),
        }
        try:
            answer = await self._outbound.request(
                "POST",
                row.webhook_url,
                headers=headers,
                content=body,
                allowed=allowed,
                limits=LIMITS,
            )
        except OutboundBlocked as error:
            raise JobFinal(error.message) from error
        if answer.status == GONE:
            raise JobFinal("the receiver of the webhook is gone")
        if not 200 <= answer.status < 300:
            raise WebhookRefused(f"the receiver of the webhook answers {answer.status}")


def check_webhook_url(url: str) -> None:
    if len(url) > LONGEST_URL:
        raise WebhookUrlInvalid(f"it is longer than {LONGEST_URL} characters")
    try:
        read_url(url)
    except OutboundBlocked as error:
        raise WebhookUrlInvalid(error.details["reason"]) from None


def signature(secret: bytes, body: bytes, at_s: int) -> str:
    """To be checked by the receiver, who also looks at how old it is."""
    signed = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={signed.hexdigest()}"


def _over(row: JobRow) -> JobOver:
    return JobOver(
        event=f"transcription.{row.status}",
        job_id=row.id,
        status=row.status,
        status_url=f"/asr/jobs/{row.id}",
        error=row.error,
        created_at=row.created_at.isoformat(),
        finished_at=row.finished_at.isoformat() if row.finished_at else None,
    )
