"""One OpenID Connect issuer: its endpoints and keys, fetched when needed, and its tokens, checked.

Knows no user and no database. Fails closed: without keys no token is valid.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry
from joserfc.util import base64_to_int

from app.core.clock import utc_now
from app.core.errors import AppError
from app.core.http import OutboundBlocked, OutboundClient, OutboundLimits, OutboundResponse
from app.core.setting_fields import SettingInvalid
from app.tenancy.domain.oidc import Identity, ProviderUnreachable
from app.tenancy.domain.principals import TokenInvalid

log = logging.getLogger(__name__)

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
FRESH_S = 900
USABLE_S = 24 * 3600
"""So long old keys are believed while the issuer does not answer."""
REFETCH_EVERY_S = 10
"""At most so often the issuer is asked, whatever tokens strangers make up."""
LEEWAY_S = 60
LIMITS = OutboundLimits(
    connect_s=3, read_s=5, total_s=10, max_response_bytes=256 * 1024, max_redirects=0
)
SUBJECT_MAX = 255
NAME_MAX = 120
EMAIL_MAX = 254
_RSA_BITS = range(2048, 8192 + 1)
_LONGEST_BELIEVED = timedelta(days=1)
_ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_FORM_FAULTS = (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError)


class _Document(msgspec.Struct, frozen=True):
    """The discovery document, of it what is used."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""


class _KeyList(msgspec.Struct, frozen=True):
    keys: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=64)]


class _Known(msgspec.Struct, frozen=True):
    document: _Document
    keys: KeySet
    since_s: float


class _Registry(JWSRegistry):
    """Ours permits EdDSA under its old name too, which issuers go on writing, without a warning;
    and headers that it does not know, as RFC 7515 wants."""

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        if name == "EdDSA":
            return self.algorithms[name]
        return super().get_alg(name)


class OidcIssuer:
    """`own` reaches the issuer's origin, wherever it is, and nothing else; `public`, the public
    internet, for the endpoints that the issuer has on other hosts, as Google has."""

    def __init__(
        self,
        url: str,
        provider: str,
        *,
        own: OutboundClient,
        public: OutboundClient,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.provider = provider
        self._own = own
        self._public = public
        self._now_s = now_s
        self._known: _Known | None = None
        self._asked_s = float("-inf")
        self._asking = asyncio.Lock()
        self._registry = _Registry()

    async def verify(self, token: str, *, audience: str, nonce: str | None = None) -> Identity:
        """With a `nonce`, as the ID token of a code flow, of which the audience is the client."""
        known = await self._get_known()
        try:
            try:
                claims = self._claims(token, known)
            except InvalidKeyIdError:
                claims = self._claims(token, await self._renewed(known))
            self._registry_of(audience, nonce).validate(claims)
            if nonce is not None:
                _check_authorized_party(claims, audience)
            return self._identity(claims)
        except _FORM_FAULTS as fault:
            raise TokenInvalid("Invalid or expired token") from fault

    async def authorization_endpoint(self) -> str:
        url = (await self._get_known()).document.authorization_endpoint
        if not self._is_own(url) and urlsplit(url).scheme != "https":
            raise _unreachable()
        return url

    async def token_endpoint(self) -> str:
        return (await self._get_known()).document.token_endpoint

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> OutboundResponse:
        """To an endpoint of this issuer; follows no redirect, which could lead a secret astray."""
        client = self._own
        if not self._is_own(url):
            client = self._public
            if urlsplit(url).scheme != "https":
                raise OutboundBlocked(
                    urlsplit(url).hostname or "", "an endpoint elsewhere must be https"
                )
        return await client.request(method, url, headers=headers, content=content, limits=LIMITS)

    async def _get_known(self) -> _Known:
        """Whoever comes while another asks the issuer goes on with what is known so far."""
        known = self._known
        if known is None or (self._age_s(known) > FRESH_S and not self._asking.locked()):
            known = await self._renewed(known)
        if self._age_s(known) > USABLE_S:
            raise _unreachable()
        return known

    async def _renewed(self, stale: _Known | None) -> _Known:
        async with self._asking:
            if self._known is stale and self._now_s() - self._asked_s >= REFETCH_EVERY_S:
                self._asked_s = self._now_s()
                await self._ask()
        if self._known is None:
            raise _unreachable()
        return self._known

    async def _ask(self) -> None:
        try:
            document = await self._fetch(
                f"{self.url.rstrip('/')}/.well-known/openid-configuration", _Document
            )
            if document.issuer != self.url:
                raise ValueError(f"it calls itself {document.issuer[:200]!r}")
            keys = _key_set(await self._fetch(document.jwks_uri, _KeyList))
        except (AppError, *_FORM_FAULTS) as fault:
            log.warning("the identity provider %s gives no keys: %s", self.url, fault)
        else:
            self._known = _Known(document, keys, self._now_s())

    async def _fetch(self, url: str, kind: type[Any]) -> Any:
        answer = await self.request("GET", url, headers={"accept": "application/json"})
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        return msgspec.json.decode(answer.body, type=kind)

    def _claims(self, token: str, known: _Known) -> dict[str, Any]:
        return jwt.decode(token, known.keys, registry=self._registry).claims

    def _registry_of(self, audience: str, nonce: str | None) -> jwt.JWTClaimsRegistry:
        required: dict[str, Any] = {
            "iss": {"essential": True, "value": self.url},
            "aud": {"essential": True, "value": audience},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        if nonce is not None:
            required["nonce"] = {"essential": True, "value": nonce}
        return jwt.JWTClaimsRegistry(leeway=LEEWAY_S, **required)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email, name = claims.get("email"), claims.get("name")
        return Identity(
            provider=self.provider,
            subject=_subject(claims["sub"]),
            email=email if isinstance(email, str) and 0 < len(email) <= EMAIL_MAX else None,
            is_email_verified=claims.get("email_verified") in (True, "true"),  # some write a text
            name=_printable(name)[:NAME_MAX] if isinstance(name, str) else "",
            expires_at=_expiry(claims["exp"]),
        )

    def _is_own(self, url: str) -> bool:
        return _origin(url) == _origin(self.url)

    def _age_s(self, known: _Known) -> float:
        return self._now_s() - known.since_s


def check_issuer_url(url: str, variable: str) -> None:
    """Plain http could be read and altered on the way, so it may only go to this machine."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE
    if (parts.scheme != "https" and not is_local) or not parts.hostname or parts.query:
        raise SettingInvalid(
            f"{variable} must be the https URL of an issuer; http only on this machine",
            setting=variable,
        )


def looks_like_jwt(token: str) -> bool:
    """Three parts: no API key has a dot."""
    return token.count(".") == 2 and token.isascii()


def _key_set(listed: _KeyList) -> KeySet:
    keys = [key for key in map(_signing_key, listed.keys) if key]
    if not keys:
        raise ValueError("it lists no key that we could use")
    return KeySet(keys)


def _signing_key(data: dict[str, Any]) -> Key | None:
    """None for what is no public signing key, or is too weak or too large to be one."""
    try:
        if data.get("kty") not in ("RSA", "EC", "OKP") or data.get("use", "sig") != "sig":
            return None
        if data["kty"] == "RSA" and base64_to_int(data["n"]).bit_length() not in _RSA_BITS:
            return None
        return JWKRegistry.import_key(data)
    except _FORM_FAULTS:
        return None


def _check_authorized_party(claims: Mapping[str, Any], client_id: str) -> None:
    """OpenID Connect Core 3.1.3.7: a token for several names the one that it was made for."""
    audience, party = claims["aud"], claims.get("azp")
    if party is None and isinstance(audience, list) and len(audience) > 1:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError("azp is missing")
    if party not in (None, client_id):
        raise ValueError("azp is another client")


def _subject(claim: str) -> str:
    if not 0 < len(claim) <= SUBJECT_MAX or not claim.isascii() or not claim.isprintable():
        raise ValueError("sub is no identifier")
    return claim


def _expiry(claim: float) -> datetime:
    """Never far off, so that no number is too large for a time."""
    now = utc_now()
    until_s = min(max(claim - now.timestamp(), 0), _LONGEST_BELIEVED.total_seconds())
    return now + timedelta(seconds=until_s)


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text)).strip()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        return parts.scheme, parts.hostname, parts.port or default
    except ValueError:
        return "", None, None


def _unreachable() -> ProviderUnreachable:
    return ProviderUnreachable("The identity provider cannot be reached; try again later")
