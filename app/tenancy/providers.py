"""The identity providers that the operator set up, each reached by a client of its own."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from app.core.crypto import KeyRing
from app.core.db import Database, forbid_in_transaction
from app.core.http import OutboundClient
from app.core.notices import Notices
from app.core.setting_fields import SettingInvalid
from app.core.settings import Auth, Settings
from app.tenancy.accounts import Accounts
from app.tenancy.domain.oidc import GOOGLE
from app.tenancy.google import GoogleSignIn, frontends_of
from app.tenancy.identities import Identities
from app.tenancy.keys import ApiKeys
from app.tenancy.oidc import OidcIssuer, check_issuer_url
from app.tenancy.oidc_callers import OidcCallers
from app.tenancy.sessions import Sessions
from app.tenancy.users import Users


@dataclass(frozen=True, slots=True)
class Providers:
    """None is what is not set up."""

    identities: Identities
    google: GoogleSignIn | None
    oidc: OidcCallers | None


class Needs(Protocol):
    """The services of wiring that this is built of."""

    @property
    def database(self) -> Database: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def keys(self) -> KeyRing: ...
    @property
    def outbound(self) -> OutboundClient: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def api_keys(self) -> ApiKeys: ...


def refuse_half_set_up(auth: Auth) -> None:
    """Without an audience the tokens of every other application would be good here."""
    pairs = (
        (
            ("GOOGLE_CLIENT_ID", auth.google_client_id),
            ("GOOGLE_CLIENT_SECRET", auth.google_client_secret),
        ),
        (("PARLEY_OIDC_ISSUER", auth.oidc_issuer), ("PARLEY_OIDC_AUDIENCE", auth.oidc_audience)),
    )
    for (name, value), (other, other_value) in pairs:
        if bool(value) != bool(other_value):
            raise SettingInvalid(f"{name} and {other} are set together or not at all", setting=name)
    if auth.google_client_id:
        check_issuer_url(auth.google_issuer, "PARLEY_GOOGLE_ISSUER")
    if auth.oidc_issuer:
        check_issuer_url(auth.oidc_issuer, "PARLEY_OIDC_ISSUER")


@asynccontextmanager
async def open_providers(
    settings: Settings, needs: Needs, users: Users
) -> AsyncGenerator[Providers]:
    auth = settings.auth
    identities = Identities(needs.database, needs.accounts, users, needs.sessions, needs.api_keys)
    async with AsyncExitStack() as stack:

        def issuer(url: str) -> OidcIssuer:
            own = OutboundClient(
                forbid_in_transaction=forbid_in_transaction, trusted_base_urls=frozenset({url})
            )
            stack.push_async_callback(own.aclose)
            # The same person has the same subject whichever way the token came.
            provider = GOOGLE if url == auth.google_issuer else url
            return OidcIssuer(url, provider, own=own, public=needs.outbound)

        yield Providers(
            identities=identities,
            google=_google(settings, issuer(auth.google_issuer), needs.keys)
            if auth.google_client_id
            else None,
            oidc=OidcCallers(
                issuer(auth.oidc_issuer),
                auth.oidc_audience,
                identities,
                needs.database,
                needs.notices,
                needs.keys,
            )
            if auth.oidc_issuer
            else None,
        )


def _google(settings: Settings, issuer: OidcIssuer, keys: KeyRing) -> GoogleSignIn:
    return GoogleSignIn(
        issuer,
        keys,
        client_id=settings.auth.google_client_id,
        client_secret=settings.auth.google_client_secret,
        public_url=settings.server.public_url,
        frontends=frontends_of(settings.server.frontend_url),
    )
