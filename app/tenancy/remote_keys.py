"""Tokens that another service knows: it is asked, its answers are remembered for a while, and
without an answer nobody gets in."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Generic, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid5

import msgspec

from app.core.aio import Supervisor
from app.core.crypto import KeyRing
from app.core.db import forbid_in_transaction
from app.core.errors import AppError, Unavailable
from app.core.http import OutboundBlocked, OutboundClient, OutboundLimits
from app.core.setting_fields import SettingInvalid
from app.core.settings import Auth
from app.tenancy.domain.organizations import NAME_MAX
from app.tenancy.domain.principals import Principal, TokenInvalid

log = logging.getLogger(__name__)

REMOTE_URL = "PARLEY_AUTH_REMOTE_URL"
VALID_FOR_S = 60.0
INVALID_FOR_S = 10.0
MOST_REMEMBERED = 10_000
MOST_ASKED_AT_ONCE = 100
LONGEST_TOKEN = 4096
LIMITS = OutboundLimits(
    connect_s=3, read_s=3, total_s=3, max_response_bytes=64 * 1024, max_redirects=0
)
_NAMESPACE = UUID("a1d0c1a4-5e2b-5d0e-9c39-3f1f7b1a6f10")
_OK = 200

V = TypeVar("V")


class ValidatorAway(Unavailable):
    """Fails closed: what cannot be asked for is not valid, and the token may be all the same."""


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    """The answer of `GET /api-tokens/validate`."""

    valid: bool
    device_id: str | None = None


class RemoteKeys:
    """`org_id`: in whose name those act whom the other service knows."""

    def __init__(
        self,
        url: str,
        client: OutboundClient,
        supervisor: Supervisor,
        keys: KeyRing,
        org_id: UUID,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/") + "/api-tokens/validate?token="
        self._client = client
        self._supervisor = supervisor
        self._keys = keys
        self._org_id = org_id
        self._valid = _Remembered[Principal](VALID_FOR_S, clock)
        self._invalid = _Remembered[bool](INVALID_FOR_S, clock)
        self._asking: dict[bytes, asyncio.Task[Principal | AppError]] = {}

    def find(self, token: str) -> Principal | None:
        """What the other service said lately; raises where it said no."""
        token_hash = self._keys.token_hash(token)
        if self._invalid.find(token_hash):
            raise _invalid()
        return self._valid.find(token_hash)

    async def authenticate(self, token: str) -> Principal:
        """Everybody who asks for one token at the same time shares one request."""
        known = self.find(token)
        if known:
            return known
        if not _can_be_sent(token):
            raise _invalid()
        token_hash = self._keys.token_hash(token)
        asking = self._asking.get(token_hash)
        if asking is None:
            if len(self._asking) >= MOST_ASKED_AT_ONCE:
                raise ValidatorAway("Too many tokens are being checked; try again")
            asking = self._supervisor.spawn("token validation", self._ask(token, token_hash))
            self._asking[token_hash] = asking
            asking.add_done_callback(lambda _: self._asking.pop(token_hash))
        answer = await asyncio.shield(asking)
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def _ask(self, token: str, token_hash: bytes) -> Principal | AppError:
        try:
            verdict = await self._verdict(token)
        except AppError as error:
            log.warning("the token validator is away: %s", error.message)
            return ValidatorAway("Tokens cannot be checked at the moment; try again")
        if not verdict.valid:
            self._invalid.remember(token_hash, value=True)
            return _invalid()
        principal = Principal(
            self._org_id, uuid5(_NAMESPACE, token_hash.hex()), _user_id(verdict.device_id)
        )
        self._valid.remember(token_hash, principal)
        return principal

    async def _verdict(self, token: str) -> Verdict:
        answer = await self._client.request("GET", self._url + quote(token, safe=""), limits=LIMITS)
        if answer.status != _OK:
            raise ValidatorAway(f"it answers with status {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=Verdict)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValidatorAway("its answer is no verdict") from error


class _Remembered(Generic[V]):
    """By the keyed hash of a token, never by the token."""

    def __init__(self, for_s: float, clock: Callable[[], float]) -> None:
        self._for_s = for_s
        self._clock = clock
        self._entries: dict[bytes, tuple[V, float]] = {}

    def find(self, key: bytes) -> V | None:
        entry = self._entries.get(key)
        return entry[0] if entry and self._clock() < entry[1] else None

    def remember(self, key: bytes, value: V) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= MOST_REMEMBERED:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = value, self._clock() + self._for_s


def refuse_without_validator(auth: Auth) -> None:
    if not auth.remote_url:
        raise SettingInvalid(
            f"AUTH_MODE={auth.mode} needs {REMOTE_URL}, the address of what checks tokens",
            setting=REMOTE_URL,
        )
    try:
        open_client(auth)
    except OutboundBlocked as error:
        raise SettingInvalid(
            f"{REMOTE_URL} is no address that can be asked: {error.message}", setting=REMOTE_URL
        ) from None


def open_client(auth: Auth) -> OutboundClient:
    """For the validator and nothing else."""
    return OutboundClient(
        forbid_in_transaction=forbid_in_transaction,
        trusted_base_urls=frozenset({auth.remote_url}),
    )


def _can_be_sent(token: str) -> bool:
    return 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()


def _user_id(given: str | None) -> str:
    return "".join(filter(str.isprintable, given or ""))[:NAME_MAX] or "remote"


def _invalid() -> TokenInvalid:
    return TokenInvalid("Invalid or expired token")
