"""Whether a callback comes from Twilio. Pure.

Twilio signs the URL that it asks, then every field of the form by its name. Without the header of
settings it signs with the account's token and SHA-1; that header names another algorithm, where the
account has a key for its webhooks.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from app.core.errors import InvalidInput, NotPermitted

SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"
_SHA1, _SHA256 = "HMAC_SHA1", "HMAC_SHA256"
_DIGESTS = {_SHA1: "sha1", _SHA256: "sha256"}
_PORTS = {"https": 443, "http": 80}
_MOST_FIELDS = 200


class SignatureWrong(NotPermitted):
    code = "signature_wrong"


class CallbackSignatures:
    """`webhook_key` signs what the header of settings says is signed with SHA-256."""

    def __init__(self, auth_token: str, webhook_key: str) -> None:
        self._keys = {_SHA1: auth_token, _SHA256: webhook_key}

    def fields(self, url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Of the form that was posted. Raises where Twilio did not sign it."""
        pairs = _pairs(body)
        algorithm = _algorithm(headers.get(SETTINGS, ""))
        key = self._keys.get(algorithm, "")
        given = headers.get(SIGNATURE, "").encode()
        signed = (_signature(key, algorithm, spelling, pairs) for spelling in _spellings(url))
        if not key or not any(hmac.compare_digest(each, given) for each in signed):
            raise SignatureWrong("X-Twilio-Signature: Twilio did not sign this")
        return dict(pairs)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise InvalidInput("The body is no form that can be read") from None


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return _SHA1


def _signature(key: str, algorithm: str, url: str, pairs: list[tuple[str, str]]) -> bytes:
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), _DIGESTS[algorithm]))


def _spellings(url: str) -> Iterator[str]:
    """Twilio signs some URLs with the port and some without."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host.rpartition(":")[0] if parts.port else host
    yield _with_host(parts, bare)
    yield _with_host(parts, f"{bare}:{parts.port or _PORTS.get(parts.scheme, 80)}")


def _with_host(parts: SplitResult, host: str) -> str:
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}{host}").geturl()
