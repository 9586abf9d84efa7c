"""Keyed hashes, encrypted values, signatures and tokens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import DecryptionFailed, KeyRing, SecretTooShort, context_of, new_token

OLD, NEW, FOREIGN = b"o" * 32, b"n" * 32, b"f" * 32
HERE = context_of("llm_accounts", "api_key", "org 1", "row 1")


@given(st.binary(max_size=4096), st.binary(max_size=64))
def test_what_is_encrypted_is_decrypted(plaintext: bytes, context: bytes) -> None:
    ring = KeyRing([NEW])
    assert ring.decrypt(ring.encrypt(plaintext, context=context), context=context) == plaintext


@given(st.binary(max_size=64), st.data())
def test_every_flipped_bit_is_refused(plaintext: bytes, data: st.DataObject) -> None:
    ring = KeyRing([NEW, OLD])
    encrypted = bytearray(ring.encrypt(plaintext, context=HERE))
    bit = data.draw(st.integers(0, len(encrypted) * 8 - 1))
    encrypted[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DecryptionFailed):
        ring.decrypt(bytes(encrypted), context=HERE)


@given(st.binary(min_size=1, max_size=64), st.data())
def test_every_truncation_is_refused(plaintext: bytes, data: st.DataObject) -> None:
    ring = KeyRing([NEW])
    encrypted = ring.encrypt(plaintext, context=HERE)
    kept = data.draw(st.integers(0, len(encrypted) - 1))
    with pytest.raises(DecryptionFailed):
        ring.decrypt(encrypted[:kept], context=HERE)


@given(st.binary(max_size=128))
def test_arbitrary_bytes_are_refused(garbage: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        KeyRing([NEW]).decrypt(garbage, context=HERE)


@given(st.lists(st.text(max_size=8), max_size=5), st.lists(st.text(max_size=8), max_size=5))
def test_a_value_moved_to_another_place_is_refused(here: list[str], there: list[str]) -> None:
    ring = KeyRing([NEW])
    encrypted = ring.encrypt(b"a secret", context=context_of(*here))
    if here == there:
        assert ring.decrypt(encrypted, context=context_of(*there)) == b"a secret"
    else:
        with pytest.raises(DecryptionFailed):
            ring.decrypt(encrypted, context=context_of(*there))


def test_the_parts_of_a_context_do_not_run_together() -> None:
    assert context_of("ab", "c") != context_of("a", "bc")
    assert context_of("a", "") != context_of("a")


def test_equal_values_look_different_at_rest() -> None:
    ring = KeyRing([NEW])
    assert len({ring.encrypt(b"same", context=HERE) for _ in range(100)}) == 100


@given(st.binary(max_size=256))
def test_rotation_keeps_the_value_and_retires_the_old_key(plaintext: bytes) -> None:
    before, during, after = KeyRing([OLD]), KeyRing([NEW, OLD]), KeyRing([NEW])
    encrypted = before.encrypt(plaintext, context=HERE)
    assert not before.needs_rotation(encrypted)
    assert during.needs_rotation(encrypted)
    assert during.decrypt(encrypted, context=HERE) == plaintext

    rotated = during.rotate(encrypted, context=HERE)
    assert not during.needs_rotation(rotated)
    assert after.decrypt(rotated, context=HERE) == plaintext
    with pytest.raises(DecryptionFailed):
        after.decrypt(encrypted, context=HERE)


def test_rotation_does_not_launder_a_value_of_another_place() -> None:
    encrypted = KeyRing([OLD]).encrypt(b"a secret", context=context_of("org 1"))
    with pytest.raises(DecryptionFailed):
        KeyRing([NEW, OLD]).rotate(encrypted, context=context_of("org 2"))


def test_a_foreign_key_decrypts_nothing() -> None:
    encrypted = KeyRing([NEW]).encrypt(b"a secret", context=HERE)
    with pytest.raises(DecryptionFailed):
        KeyRing([FOREIGN]).decrypt(encrypted, context=HERE)


def test_what_no_key_decrypts_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    encrypted = KeyRing([OLD]).encrypt(b"a secret", context=HERE)
    found = KeyRing([NEW, OLD]).find_decrypted(encrypted, context=HERE, name="customer 7")
    assert found == b"a secret"
    assert not caplog.records
    lost = KeyRing([NEW]).find_decrypted(encrypted, context=HERE, name="customer 7")
    assert lost is None
    assert [each.getMessage() for each in caplog.records] == ["no master key decrypts customer 7"]


def test_a_failed_decryption_tells_nothing() -> None:
    with pytest.raises(DecryptionFailed) as failure:
        KeyRing([NEW]).decrypt(b"a secret in the wrong column", context=HERE)
    assert failure.value.status == 500
    assert failure.value.details == {}
    assert "secret" not in failure.value.message


@given(st.text())
def test_a_stored_hash_finds_its_token_and_survives_rotation(token: str) -> None:
    stored = KeyRing([OLD]).token_hash(token)
    rotated = KeyRing([NEW, OLD])
    assert rotated.token_matches(token, stored)
    assert stored in rotated.token_hashes(token)
    assert rotated.token_hash(token) != stored
    assert not rotated.token_matches(token + "x", stored)
    assert not KeyRing([NEW]).token_matches(token, stored)
    assert len(stored) == 32


def test_any_string_a_client_sends_has_a_hash() -> None:
    assert len(KeyRing([NEW]).token_hash("\ud800")) == 32


@given(st.binary(max_size=256), st.text(max_size=16))
def test_a_signature_holds_for_its_body_and_purpose_only(body: bytes, purpose: str) -> None:
    ring = KeyRing([NEW])
    signature = ring.sign(body, purpose=purpose)
    assert ring.verify(body, signature, purpose=purpose)
    assert not ring.verify(body + b"x", signature, purpose=purpose)
    assert not ring.verify(body, signature, purpose=purpose + "x")
    assert not ring.verify(body, signature[:-1], purpose=purpose)
    assert not ring.verify(body, b"", purpose=purpose)


def test_signatures_under_a_previous_key_still_hold() -> None:
    signature = KeyRing([OLD]).sign(b"body", purpose="callback")
    assert KeyRing([NEW, OLD]).verify(b"body", signature, purpose="callback")
    assert not KeyRing([NEW]).verify(b"body", signature, purpose="callback")


def test_uses_of_one_secret_have_keys_of_their_own() -> None:
    ring = KeyRing([NEW])
    assert ring.token_hash("x") != ring.sign(b"x", purpose="token hash")
    assert ring.sign(b"x", purpose="a") != ring.sign(b"x", purpose="b")


@pytest.mark.parametrize("secrets", [[], [b""], [b"s" * 31], [NEW, b"short"]])
def test_short_secrets_are_refused(secrets: list[bytes]) -> None:
    with pytest.raises(SecretTooShort, match="32 bytes"):
        KeyRing(secrets)


def test_a_ring_does_not_show_its_keys() -> None:
    ring = KeyRing([NEW])
    assert NEW.decode() not in repr(ring) + repr(vars(ring))


def test_tokens_are_prefixed_url_safe_and_never_the_same() -> None:
    tokens = {new_token("wh_") for _ in range(1000)}
    assert len(tokens) == 1000
    # 43 characters of base64 carry 256 bits
    assert all(re.fullmatch(r"wh_[A-Za-z0-9_-]{43}", token) for token in tokens)
