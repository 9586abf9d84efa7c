"""What is heard and what is taken to be played, in one file, both in their places."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from app.asr.live import Encoding
from app.calls.sessions.recording import RecordedLine, Recorder, StereoFile
from app.calls.sessions.sealed_file import SealedWriter, new_key, read_sealed
from app.core.aio import TaskScope
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.spill import DiskFull
from app.realtime.events import SessionEvent
from app.realtime.playout import Playout
from tests.virtual_time import run_virtual

RATE = 8000
FRAME = 160
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


class Telephone:
    """Somebody who says something loud for a second, after one of silence."""

    encoding: Encoding = "s16le"
    sample_rate = 16000

    def __init__(self) -> None:
        self.playout = Playout(RATE)
        self.typed: Callable[[str], None] = lambda text: None

    async def sounds(self) -> AsyncIterator[bytes]:
        for number in range(250):
            self.playout.take(FRAME)
            await asyncio.sleep(0.02)
            yield (
                int16_from_float(tone(440, 16000, 320, number)).tobytes()
                if (50 <= number < 100)
                else bytes(640)
            )

    def tell(self, event: SessionEvent) -> None: ...

    async def close(self) -> None: ...


def tone(hertz: float, rate: int, count: int, number: int = 0) -> Samples:
    at = np.arange(number * count, (number + 1) * count) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def loud(track: Samples) -> tuple[float, float]:
    """From when to when, in seconds."""
    (found,) = np.nonzero(np.abs(track) > 0.1)
    return found[0] / RATE, found[-1] / RATE


async def recorded(path: Path, key: bytes) -> int:
    telephone = Telephone()
    recorder = Recorder(telephone, path, key, 0.0)
    line = RecordedLine(telephone, recorder)
    async with TaskScope() as scope:
        scope.spawn("recording", recorder.run())
        scope.spawn("carry", line.carry())
        number = 0
        await asyncio.sleep(1.5)  # who listens is late
        async for _ in line.sounds():
            number += 1
            if number == 150:
                await telephone.playout.play(tone(660, RATE, RATE))
        recorder.finish()
    telephone.playout.take(FRAME)
    assert recorder.recorded_bytes
    return recorder.recorded_bytes


def test_both_sides_are_in_their_places(tmp_path: Path) -> None:
    path, key = tmp_path / "call", new_key()
    size = run_virtual(recorded(path, key))
    whole = b"".join(read_sealed(path, key, 0, size))
    assert len(whole) == size
    assert whole.startswith(b"OggS")
    caller, agent = decode_audio(BytesIO(whole), sample_rate=RATE, channels="split", limits=LIMITS)
    assert caller.size == agent.size == pytest.approx(5 * RATE, abs=FRAME)
    assert loud(caller) == pytest.approx((1.0, 2.0), abs=0.01)
    assert loud(agent) == pytest.approx((3.0, 4.0), abs=0.03)


async def test_a_call_that_is_cancelled_while_the_disk_writes_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    write = StereoFile.write

    def slowly(file: StereoFile, tracks: Samples) -> None:
        begun.set()
        may_end.wait(10)
        write(file, tracks)

    monkeypatch.setattr(StereoFile, "write", slowly)
    path, key, telephone = tmp_path / "call", new_key(), Telephone()
    began_s = asyncio.get_running_loop().time() - 3
    recorder = Recorder(telephone, path, key, began_s)
    async with TaskScope() as scope:
        recording = scope.spawn("recording", recorder.run())
        recorder.heard(bytes(640))
        recorder.finish()
        await asyncio.to_thread(begun.wait, 10)
        recording.cancel()
        await asyncio.sleep(0)
        may_end.set()
    assert recorder.recorded_bytes
    whole = b"".join(read_sealed(path, key, 0, recorder.recorded_bytes))
    assert len(whole) == recorder.recorded_bytes
    assert decode_audio(BytesIO(whole), sample_rate=RATE, limits=LIMITS).size > 2 * RATE


async def test_a_call_goes_on_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers: list[SealedWriter] = []

    def full(writer: SealedWriter, chunk: bytes) -> None:
        writers.append(writer)
        raise DiskFull("There is no room")

    monkeypatch.setattr(SealedWriter, "_seal", full)
    began_s = asyncio.get_running_loop().time() - 3
    recorder = Recorder(Telephone(), tmp_path / "call", new_key(), began_s)
    async with TaskScope() as scope:
        scope.spawn("recording", recorder.run())
        recorder.heard(bytes(640))
        recorder.finish()
    assert recorder.recorded_bytes is None
    assert writers[-1]._file.closed
