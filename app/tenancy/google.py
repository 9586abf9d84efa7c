"""Sign-in with Google: the code flow with PKCE, from the redirect to the provider until it has said
who came back. Knows no user and no database.
"""

import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from secrets import compare_digest, token_urlsafe
from urllib.parse import urlencode, urljoin

import httpx
import msgspec
from authlib.oauth2.base import OAuth2Error

from app.core.clock import utc_now
from app.core.crypto import DecryptionFailed, KeyRing, context_of
from app.core.errors import AppError
from app.tenancy.code_client import CodeClient
from app.tenancy.domain.oidc import (
    AccessDenied,
    CodeRefused,
    Identity,
    IdTokenInvalid,
    ProviderUnreachable,
    RedirectRefused,
    StateMismatch,
)
from app.tenancy.domain.principals import TokenInvalid
from app.tenancy.oidc import OidcIssuer

log = logging.getLogger(__name__)

BEGUN_LASTS_S = 600
CALLBACK_PATH = "/bot/api/auth/google/callback"
SCOPE = "openid email profile"
_CONTEXT = context_of("cookies", "google sign-in")
_REDIRECT_MAX = 2048
_AMBIGUOUS = frozenset(' \\"<>')


class Begun(msgspec.Struct, frozen=True):
    """A sign-in on its way, kept by the browser that began it, unreadable to it."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    ends_at: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider sends back with the browser."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str = ""


class GoogleSignIn:
    """`frontends` are the origins that a browser may be sent on to, the first by default."""

    def __init__(
        self,
        issuer: OidcIssuer,
        keys: KeyRing,
        *,
        client_id: str,
        client_secret: str,
        public_url: str,
        frontends: tuple[str, ...],
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = public_url.rstrip("/") + CALLBACK_PATH
        self._frontends = frontends

    async def start(self, redirect: str | None) -> tuple[str, str]:
        """The URL to send the browser to, and what it has to keep meanwhile."""
        begun = Begun(
            state=token_urlsafe(32),
            nonce=token_urlsafe(32),
            verifier=token_urlsafe(48),
            redirect=self._permitted(redirect),
            ends_at=int(utc_now().timestamp()) + BEGUN_LASTS_S,
        )
        url = await self._client().authorization_url(
            state=begun.state, nonce=begun.nonce, verifier=begun.verifier
        )
        sealed = self._keys.encrypt(msgspec.json.encode(begun), context=_CONTEXT)
        return url, urlsafe_b64encode(sealed).decode()

    def recall(self, kept: str | None) -> Begun | None:
        """None for what is not ours, was altered, or is too old."""
        try:
            opened = self._keys.decrypt(urlsafe_b64decode(kept or ""), context=_CONTEXT)
            begun = msgspec.json.decode(opened, type=Begun)
        except (DecryptionFailed, ValueError, msgspec.MsgspecError):
            return None
        return begun if utc_now().timestamp() < begun.ends_at else None

    async def finish(self, begun: Begun | None, returned: Returned) -> Identity:
        """Who came back. Asks the provider, so that nobody may be believed who merely says so."""
        if returned.error:
            raise AccessDenied("The sign-in was not completed at the provider")
        if begun is None or not _is_answer_to(begun, returned, self._issuer.url):
            raise StateMismatch("This sign-in was not begun in this browser, or took too long")
        token = await self._exchange(begun, returned.code)
        try:
            return await self._issuer.verify(token, audience=self._client_id, nonce=begun.nonce)
        except TokenInvalid as error:
            raise IdTokenInvalid("The provider's token is not valid") from error

    def destination(self, begun: Begun | None, error: AppError | None = None) -> str:
        """Where the browser goes in the end, with `?error=` where it failed."""
        redirect = begun.redirect if begun else self._permitted(None)
        if error is None:
            return redirect
        page, _, fragment = redirect.partition("#")
        page += ("&" if "?" in page else "?") + urlencode({"error": error.code})
        return f"{page}#{fragment}" if fragment else page

    async def _exchange(self, begun: Begun, code: str) -> str:
        try:
            tokens = await self._client().tokens_for(code, begun.verifier)
        except OAuth2Error as error:
            log.warning("the provider refuses a code: %s", error.error)
            raise CodeRefused("The provider gives nothing for this code") from error
        except (AppError, httpx.HTTPStatusError, ValueError, TypeError) as error:
            log.warning("the provider gives no token: %s", type(error).__name__)
            raise ProviderUnreachable("The identity provider cannot be reached") from error
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise IdTokenInvalid("The provider sent no ID token")
        return token

    def _client(self) -> CodeClient:
        return CodeClient(
            self._issuer,
            self._client_id,
            self._client_secret,
            redirect_uri=self._redirect_uri,
            scope=SCOPE,
        )

    def _permitted(self, redirect: str | None) -> str:
        """A page of a front end of ours; anywhere else would lend our name to somebody."""
        home = self._frontends[0] + "/"
        if redirect is None:
            return home
        target = _resolved(home, redirect)
        if target and target.startswith(tuple(f"{frontend}/" for frontend in self._frontends)):
            return target
        raise RedirectRefused("redirect must be a page of the front end", field="redirect")


def frontends_of(frontend_url: str) -> tuple[str, ...]:
    return tuple(each.strip().rstrip("/") for each in frontend_url.split(",") if each.strip())


def _is_answer_to(begun: Begun, returned: Returned, issuer_url: str) -> bool:
    """`issuer` (RFC 9207) is sent by some providers, and then it must be the one that was asked."""
    same_state = compare_digest(begun.state.encode(), returned.state.encode())
    return same_state and bool(returned.code) and returned.issuer in ("", issuer_url)


def _resolved(home: str, redirect: str) -> str | None:
    """None for what browsers and we might read differently."""
    is_plain = redirect.isascii() and redirect.isprintable() and not _AMBIGUOUS & set(redirect)
    if len(redirect) > _REDIRECT_MAX or not is_plain or redirect.startswith("//"):
        return None
    try:
        return urljoin(home, redirect)
    except ValueError:
        return None
