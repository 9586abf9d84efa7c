"""An OpenID Connect provider on loopback whose every answer can be made wrong, and whose keys can
be rotated: for what an honest provider cannot be asked to do. Signs with PyJWT, not our library.
"""

import asyncio
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

Answer = tuple[int, dict[str, str], bytes]
_MAKERS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@dataclass
class SigningKey:
    algorithm: str = "RS256"
    kid: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        self.private: Any = _MAKERS[self.algorithm]()

    def public_jwk(self) -> dict[str, Any]:
        jwk = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), True)
        return {**jwk, "kid": self.kid, "use": "sig"}


@dataclass
class FakeOidcProvider:
    """`claims` are laid over those of every ID token; `None` leaves a claim out."""

    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey()])
    replies: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hangs: bool = False
    port: int = 0

    def __post_init__(self) -> None:
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, key: SigningKey | None = None, **claims: Any) -> str:
        key = key or self.keys[0]
        return jwt.encode(
            self.all_claims(**claims), key.private, key.algorithm, headers={"kid": key.kid}
        )

    def all_claims(self, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        stated = {
            "iss": self.url,
            "aud": "parley",
            "sub": "ada",
            "iat": now,
            "exp": now + 600,
            **self.claims,
            **claims,
        }
        return {name: value for name, value in stated.items() if value is not None}

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["FakeOidcProvider"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._open: set[asyncio.StreamWriter] = set()
        try:
            yield self
        finally:
            server.close()
            for writer in self._open:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            method, target, _ = first.split(" ")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(urlsplit(target).path)
            if self.hangs:
                await reader.read()
            status, fields, content = self._answer(method, target, headers, body.decode())
            fields = {"content-length": str(len(content)), "connection": "close", **fields}
            lines = [f"HTTP/1.1 {status} x", *(f"{k}: {v}" for k, v in fields.items())]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, method: str, target: str, headers: dict[str, str], body: str) -> Answer:
        parts = urlsplit(target)
        if parts.path in self.replies:
            return self.replies[parts.path]
        match method, parts.path:
            case "GET", "/.well-known/openid-configuration":
                return _json(self._discovery())
            case "GET", "/keys":
                return _json({"keys": [key.public_jwk() for key in self.keys]})
            case "GET", "/authorize":
                return self._authorize(dict(parse_qsl(parts.query)))
            case "POST", "/token":
                return self._exchange(headers, dict(parse_qsl(body)))
        return 404, {}, b""

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.document,
        }

    def _authorize(self, asked: dict[str, str]) -> Answer:
        """Signs in at once: what the user decides is the honest provider's test."""
        code = str(uuid4())
        self._codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return 302, {"location": f"{asked['redirect_uri']}?{answer}"}, b""

    def _exchange(self, headers: dict[str, str], form: dict[str, str]) -> Answer:
        """A code is good once, for the client and the PKCE verifier that it was made for."""
        asked = self._codes.pop(form["code"], None)
        client = b64decode(headers["authorization"].removeprefix("Basic ")).decode()
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest())
        if (
            asked is None
            or client.partition(":")[0] != asked["client_id"]
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        token = self.token(
            **{"aud": asked["client_id"], "nonce": asked["nonce"], **self.claims},
        )
        return _json({"access_token": "at", "token_type": "Bearer", "id_token": token})


def _json(body: Any, status: int = 200) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(body).encode()
