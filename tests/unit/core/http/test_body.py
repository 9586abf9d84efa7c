"""Decoding of answers: every compression that is asked for, and no more than the limit of it."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.http import OutboundFailed, ResponseTooLarge
from app.core.http.body import BodyDecoder

LIMIT = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " GZip ": gzip.compress,
    "deflate": zlib.compress,
}


def decode(coding: str, *received: bytes, limit: int = LIMIT) -> bytes:
    decoder = BodyDecoder("public.example", coding, limit)
    decoded = b"".join(piece for data in received for piece in decoder.pieces(data))
    decoder.finish()
    return decoded


@given(st.binary(max_size=2000), st.sampled_from(sorted(ENCODERS)), st.integers(1, 50))
def test_bodies_are_decoded_however_they_are_cut(body: bytes, coding: str, step: int) -> None:
    sent = ENCODERS[coding](body)
    cut = [sent[at : at + step] for at in range(0, len(sent), step)]
    assert decode(coding, *cut) == body


@given(st.integers(0, 300_000), st.binary(min_size=1, max_size=7))
def test_bodies_of_any_length_come_out_whole(length: int, pattern: bytes) -> None:
    body = (pattern * (length // len(pattern) + 1))[:length]
    assert decode("gzip", gzip.compress(body)) == body
    assert decode("deflate", raw_deflate(body)) == body


@pytest.mark.parametrize("length", [65535, 65536, 65537, 131072])
def test_a_full_piece_at_the_end_is_not_mistaken_for_more(length: int) -> None:
    assert decode("gzip", gzip.compress(b"a" * length)) == b"a" * length
    assert decode("deflate", raw_deflate(b"a" * length)) == b"a" * length


def test_gzip_of_several_members_is_one_body() -> None:
    sent = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert decode("gzip", sent) == b"one two"
    assert decode("gzip", *(bytes([byte]) for byte in sent)) == b"one two"


def test_an_answer_without_body_needs_no_compression() -> None:
    assert decode("gzip") == b""
    assert decode("gzip", b"") == b""


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_the_limit_is_exact(coding: str) -> None:
    encode = ENCODERS[coding]
    assert len(decode(coding, encode(b"a" * 5000), limit=5000)) == 5000
    with pytest.raises(ResponseTooLarge, match="5000 bytes") as failure:
        decode(coding, encode(b"a" * 5001), limit=5000)
    assert failure.value.status == 502


def test_a_bomb_goes_off_in_small_pieces_and_only_up_to_the_limit() -> None:
    bomb = gzip.compress(bytes(50 * LIMIT))
    decoder = BodyDecoder("public.example", "gzip", LIMIT)
    sizes: list[int] = []
    with pytest.raises(ResponseTooLarge):
        sizes.extend(len(piece) for piece in decoder.pieces(bomb))
    assert max(sizes) <= 64 * 1024
    assert sum(sizes) <= LIMIT


def test_compressed_bytes_that_hold_nothing_are_counted_too() -> None:
    with pytest.raises(ResponseTooLarge):
        decode("gzip", *[gzip.compress(b"")] * 200, limit=1000)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "x"])
def test_codings_that_were_not_asked_for_are_refused(coding: str) -> None:
    with pytest.raises(OutboundFailed, match="not asked for"):
        decode(coding, b"anything")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_not_compressed_is_refused(coding: str) -> None:
    with pytest.raises(OutboundFailed, match="cannot be decompressed"):
        decode(coding, b"\xff plain text all along")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_truncated_body_is_refused(coding: str) -> None:
    sent = ENCODERS[coding](b"all of it matters" * 100)
    with pytest.raises(OutboundFailed, match="broke off"):
        decode(coding, sent[:-6])
