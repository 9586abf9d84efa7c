"""Secrets at rest and proofs of origin: keyed hashes, encrypted values, signatures, random tokens.
All keys derive from the operator's secrets; it stores nothing.
"""

import hmac
import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import InternalError, InvalidInput

log = logging.getLogger(__name__)

_MIN_SECRET_BYTES = 32
_KEY_BYTES = 32
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12

# An encrypted value: one byte of format, the key's id, the nonce, the ciphertext with its tag.
_FORMAT = b"\x01"
HEADER_BYTES = len(_FORMAT) + _KEY_ID_BYTES


class DecryptionFailed(InternalError):
    """The value was altered, belongs to another context, or its key is gone: no telling which."""

    code = "decryption_failed"

    def __init__(self) -> None:
        super().__init__("A stored value cannot be decrypted")


class SecretTooShort(InvalidInput):
    code = "secret_too_short"


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """What derives from one secret."""

    secret: bytes
    id: bytes
    token: bytes
    cipher: AESGCM

    @classmethod
    def of(cls, secret: bytes) -> "_Keys":
        return cls(
            secret=secret,
            id=_derived(secret, "key id")[:_KEY_ID_BYTES],
            token=_derived(secret, "token hash"),
            cipher=AESGCM(_derived(secret, "encryption")),
        )


class KeyRing:
    """`secrets` begins with the current one; those after it still read what they once wrote."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or any(len(secret) < _MIN_SECRET_BYTES for secret in secrets):
            raise SecretTooShort(f"A secret key must have at least {_MIN_SECRET_BYTES} bytes")
        self._ring = [_Keys.of(secret) for secret in secrets]
        self._current = self._ring[0]

    def token_hash(self, token: str) -> bytes:
        """What is stored in place of a token."""
        return self.token_hashes(token)[0]

    def token_hashes(self, token: str) -> list[bytes]:
        """What to look a token up by: its hash under every key, the current one first."""
        sent = token.encode(errors="surrogatepass")  # whatever a client sends has a hash
        return [hmac.digest(keys.token, sent, "sha256") for keys in self._ring]

    def token_matches(self, token: str, stored: bytes) -> bool:
        return _any_equal(self.token_hashes(token), stored)

    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """Only the same `context` decrypts it: see `context_of`."""
        header, nonce = _FORMAT + self._current.id, os.urandom(_NONCE_BYTES)
        return header + nonce + self._current.cipher.encrypt(nonce, plaintext, header + context)

    def decrypt(self, encrypted: bytes, *, context: bytes) -> bytes:
        header = encrypted[:HEADER_BYTES]
        nonce = encrypted[HEADER_BYTES : HEADER_BYTES + _NONCE_BYTES]
        for keys in self._ring:
            if header == _FORMAT + keys.id and len(nonce) == _NONCE_BYTES:
                body = encrypted[HEADER_BYTES + _NONCE_BYTES :]
                try:
                    return keys.cipher.decrypt(nonce, body, header + context)
                except InvalidTag:
                    break
        raise DecryptionFailed

    def find_decrypted(self, encrypted: bytes, *, context: bytes, name: str) -> bytes | None:
        """None where no key decrypts it, which the log says of `name`: one lost value keeps nobody
        from the others."""
        try:
            return self.decrypt(encrypted, context=context)
        except DecryptionFailed:
            log.error("no master key decrypts %s", name)
            return None

    def needs_rotation(self, encrypted: bytes) -> bool:
        return encrypted[:HEADER_BYTES] != _FORMAT + self._current.id

    def rotate(self, encrypted: bytes, *, context: bytes) -> bytes:
        """The same value under the current key."""
        return self.encrypt(self.decrypt(encrypted, context=context), context=context)

    def sign(self, body: bytes, *, purpose: str) -> bytes:
        """HMAC-SHA256; a signature made for one purpose proves nothing for another."""
        return _signature(self._current, body, purpose)

    def verify(self, body: bytes, signature: bytes, *, purpose: str) -> bool:
        return _any_equal([_signature(keys, body, purpose) for keys in self._ring], signature)

    def signing_keys(self, purpose: str) -> list[bytes]:
        """For a library that signs by itself; the current one first."""
        return [_derived(keys.secret, f"signature/{purpose}") for keys in self._ring]


def context_of(*parts: str) -> bytes:
    """Names the one place where an encrypted value belongs, such as table, column, organization and
    row. Parts cannot run into each other.
    """
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def new_token(prefix: str) -> str:
    """A bearer token of 256 random bits, safe in URLs and headers."""
    return prefix + secrets.token_urlsafe(32)


def _derived(secret: bytes, purpose: str) -> bytes:
    info = b"parley/1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)


def _signature(keys: _Keys, body: bytes, purpose: str) -> bytes:
    return hmac.digest(_derived(keys.secret, f"signature/{purpose}"), body, "sha256")


def _any_equal(candidates: Sequence[bytes], given: bytes) -> bool:
    return any(hmac.compare_digest(candidate, given) for candidate in candidates)
