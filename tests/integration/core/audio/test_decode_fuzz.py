"""Bytes of no design: sound within [-1, 1] or one of our errors, and nothing else."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.errors import AppError

Made = Callable[..., Any]
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _finite_or_refused(data: bytes, unseekable: Made) -> None:
    for source in (io.BytesIO(data), unseekable(data)):
        with contextlib.suppress(AppError):
            heard = decode_audio(source, limits=LIMITS)
            assert np.isfinite(heard).all()
            assert np.abs(heard).max() <= 1


@FUZZ
@given(
    data=st.binary(max_size=4_000),
    start=st.sampled_from(
        [b"", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC", b"OggS", b"ID3\4", b"\xff\xfb"]
    ),
)
def test_random_bytes(data: bytes, start: bytes, unseekable: Made) -> None:
    _finite_or_refused(start + data, unseekable)


@FUZZ
@given(
    name=st.sampled_from(["wav", "mp3", "flac", "ogg", "m4a", "webm", "mp4"]),
    places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=8),
    kept=st.floats(0, 1),
)
def test_mutated_files(
    name: str,
    places: list[tuple[float, bytes]],
    kept: float,
    files: dict[str, bytes],
    unseekable: Made,
) -> None:
    data = bytearray(files[name])
    for number, (place, patch) in enumerate(places):
        reach = len(data) if number % 2 else 600  # every other wound is in the header
        at = int(place * min(reach, len(data)))
        data[at : at + len(patch)] = patch
    _finite_or_refused(bytes(data[: int((0.2 + kept) * len(data))]), unseekable)
