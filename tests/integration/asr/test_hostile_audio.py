"""Broken and lying recordings, all at once: each a clear refusal or a right answer, and nothing
stays behind."""

import asyncio
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from tests.integration.asr.job_world import TINY, Bank, bank, speech

RATE = 16_000
MOST_S = "60"


def wav(samples: "np.ndarray[Any, Any]", rate: int = RATE, *, claimed: int | None = None) -> bytes:
    """Of samples by channel. `claimed`: the bytes of sound that its header tells of."""
    frames = samples.reshape(len(samples), -1)
    is_float, width = samples.dtype.kind == "f", samples.itemsize
    data = np.ascontiguousarray(frames).tobytes()
    size = len(data) if claimed is None else claimed
    block = frames.shape[1] * width
    kind = struct.pack(
        "<HHIIHH", 3 if is_float else 1, frames.shape[1], rate, rate * block, block, 8 * width
    )
    head = b"WAVEfmt " + struct.pack("<I", len(kind)) + kind + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(len(head) + size, 0xFFFFFFFF)) + head + data


def mp3(seconds: int) -> bytes:
    file = BytesIO()
    container: Any
    with av.open(file, "w", "mp3") as container:
        stream = container.add_stream("mp3", rate=RATE)
        sound = np.zeros((1, RATE * seconds), np.int16)
        frame = av.AudioFrame.from_ndarray(sound, "s16", "mono")
        frame.sample_rate = RATE
        for each in (frame, None):
            container.mux(stream.encode(each))
    return file.getvalue()


def flac_bomb(blocks: int) -> bytes:
    """65 535 samples of silence in every 14 bytes."""
    info = (
        struct.pack(">HH", 65_535, 65_535)
        + bytes(6)
        + struct.pack(">Q", RATE << 44 | 15 << 36)
        + bytes(16)
    )
    file = bytearray(b"fLaC\x80" + len(info).to_bytes(3, "big") + info)
    for number in range(blocks):
        head = b"\xff\xf8\x70\x08" + chr(number).encode("utf-8", "surrogatepass") + b"\xff\xfe"
        head += bytes([crc(head, 0x07, 8)])
        frame = head + b"\x00\x00\x00"
        file += frame + crc(frame, 0x8005, 16).to_bytes(2, "big")
    return bytes(file)


def crc(data: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            carried = value >> (bits - 1)
            value = (value << 1) & ((1 << bits) - 1) ^ (polynomial if carried else 0)
    return value


SECOND = np.zeros(RATE, np.int16)
REFUSED = {
    "nothing": b"",
    "text": b"RIFF is how a letter may begin",
    "archive": b"PK\x03\x04" + bytes(1000),
    "half a header": speech(3)[:30],
    "flac bomb": flac_bomb(900),
    "NaN": wav(np.full(RATE, np.nan, np.float32)),
    "infinite": wav(np.full(RATE, np.inf, np.float32)),
    "32 channels": wav(np.zeros((RATE, 32), np.int16)),
    "too long": wav(np.zeros(RATE * 61, np.int16)),
    "no channel": wav(np.zeros((4, 0), np.int16)),
}
HEARD = {
    "one sample": (wav(SECOND[:1]), 0.0),
    "says more than it has": (wav(SECOND, claimed=0xFFFFFFF0), 1.0),
    "says less than it has": (wav(SECOND, claimed=RATE), 0.5),
    "16 channels": (wav(np.zeros((RATE, 16), np.int16)), 1.0),
    "192 kHz": (wav(np.zeros(192_000, np.int16), 192_000), 1.0),
    "truncated mp3": (mp3(2)[: len(mp3(2)) // 2 + 7], 1.0),
}


async def sent(ours: Bank, path: str, sound: bytes) -> httpx.Response:
    name = "files" if path == "/batch" else "file"
    return await ours.client.post(
        f"/asr/transcribe{path}", files={name: ("call.wav", sound)}, data=TINY
    )


def is_refusal(answer: httpx.Response) -> bool:
    return 400 <= answer.status_code < 500 and answer.json()["details"]["field"] == "file"


@pytest.mark.timeout(200)
async def test_what_lies_or_is_broken_is_refused_or_heard_as_what_it_is(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path, PARLEY_MAX_AUDIO_S=MOST_S) as ours:
        paths = ("", "/long", "/clean", "/batch")
        sounds = REFUSED | {name: sound for name, (sound, _) in HEARD.items()}
        asked = [(path, name) for name in sounds for path in paths]
        answers = await asyncio.gather(*(sent(ours, path, sounds[name]) for path, name in asked))
        for (path, name), answer in zip(asked, answers, strict=True):
            if path == "/batch":
                (result,) = answer.json()["results"]
                assert (result.get("error") is not None) == (name in REFUSED), (name, result)
            elif name in REFUSED:
                assert is_refusal(answer), (path, name, answer.text)
            else:
                assert answer.status_code == 200, (path, name, answer.text)
            if path in ("", "/long") and name in HEARD:
                expected_s = pytest.approx(HEARD[name][1], abs=0.1)
                assert answer.json()["duration"] == expected_s, (path, name)
                assert answer.json()["transcript"] == "", (path, name)
        assert list((tmp_path / "tmp").iterdir()) == ours.uploads == []


@pytest.mark.timeout(60)
async def test_samples_without_a_header_are_refused_where_they_are_none(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path, PARLEY_MAX_AUDIO_S=MOST_S) as ours:
        for sound in (b"", bytes(2 * RATE * 61)):
            assert is_refusal(await sent(ours, "/pcm", sound))
        for sound in (b"\0", bytes(3), bytes(2 * RATE + 1)):
            answer = await sent(ours, "/pcm", sound)
            assert answer.status_code == 200 or is_refusal(answer), answer.text
