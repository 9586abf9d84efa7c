"""authlib's OAuth client on our outbound HTTP, with types. Holds no state of a sign-in."""

# authlib has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from typing import Any, cast

import httpx
from authlib.oauth2.client import OAuth2Client

from app.tenancy.oidc import OidcIssuer


class CodeClient(OAuth2Client):
    def __init__(
        self, issuer: OidcIssuer, client_id: str, secret: str, *, redirect_uri: str, scope: str
    ) -> None:
        super().__init__(
            session=None,
            client_id=client_id,
            client_secret=secret,
            redirect_uri=redirect_uri,
            scope=scope,
            code_challenge_method="S256",
        )
        self._issuer = issuer

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        endpoint = await self._issuer.authorization_endpoint()
        url, _ = self.create_authorization_url(
            endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(url)

    async def tokens_for(self, code: str, verifier: str) -> Mapping[str, Any]:
        """Raises OAuth2Error where the provider says no, ValueError where it makes no sense."""
        endpoint = await self._issuer.token_endpoint()
        tokens = await cast(
            "Any",
            self.fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
            ),
        )
        return cast("Mapping[str, Any]", tokens)

    async def _fetch_token(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, url: str, body: str, headers: dict[str, str], auth: Any, method: str
    ) -> Any:
        url, headers, body = auth.prepare(method, url, dict(headers), body)
        answer = await self._issuer.request(method, url, headers=headers, content=body.encode())
        request = httpx.Request(method, url)
        return self.parse_response_token(
            httpx.Response(answer.status, content=answer.body, request=request)
        )
