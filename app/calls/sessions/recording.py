"""A call as it was heard on both sides: the caller on the left, the agent on the right, in Opus.

The loop of the call puts sound in its place; encoding and the disk have a thread.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.asr.live import Encoding, SampleReader
from app.calls.sessions.sealed_file import SealedWriter
from app.calls.sessions.tracks import Tracks
from app.core.aio import Channel, to_its_end
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.live_resample import LiveResampler
from app.core.errors import AppError
from app.realtime.line import Line
from app.realtime.session import SessionEvent

MEDIA_TYPE = "audio/ogg; codecs=opus"
_BIT_RATE = 48_000
_PAGE_US = "1000000"
_MOST_WAITING = 60
"""Blocks, of a second each."""
_MOST_UNHEARD = 500
"""Pieces of sound; with as many the line keeps, or loses, the rest."""

log = logging.getLogger(__name__)


class StereoFile:
    """Ogg/Opus. Blocking; calls come one at a time."""

    def __init__(self, path: Path, key: bytes, sample_rate: int) -> None:
        self._out = SealedWriter(path, key)
        container: Any = av.open(self._out, "w", format="ogg", options={"page_duration": _PAGE_US})
        self._container = container
        self._stream = container.add_stream("libopus", rate=sample_rate, layout="stereo")
        self._stream.bit_rate = _BIT_RATE
        self._rate = sample_rate
        self._made = 0

    def write(self, tracks: Samples) -> None:
        """(2, n)"""
        pcm = np.ascontiguousarray(int16_from_float(tracks).T).reshape(1, -1)
        if not pcm.size:
            return
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="stereo")
        frame.sample_rate = self._rate
        frame.pts = self._made
        self._made += tracks.shape[1]
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> int:
        """How many bytes there are."""
        try:
            with closing(self._container):
                if self._made:
                    self._container.mux(self._stream.encode(None))
        finally:
            self._out.finish()
        return self._out.size


class Recorder:
    """Of one line, from `began_s` on. `run` writes until `finish`, or until the disk is full: the
    call goes on."""

    def __init__(
        self, line: Line, path: Path, key: bytes, began_s: float, waited_s: float = 0.0
    ) -> None:
        self._path, self._key = path, key
        self._rate = line.playout.sample_rate
        self._reader = SampleReader(line.encoding)
        self._resampler = LiveResampler(line.sample_rate, self._rate)
        self._tracks = Tracks(self._rate, began_s, waited_s)
        self._blocks: Channel[Samples] = Channel(_MOST_WAITING)
        self._file: StereoFile | None = None
        self._is_over = False
        self._playout = line.playout
        self.recorded_bytes: int | None = None
        line.playout.taken = self._said
        line.playout.taken_back = self._tracks.unsaid

    def heard(self, data: bytes) -> None:
        if self._is_over:
            return
        self._tracks.heard(self._resampler.push(self._reader.read(data)), _now_s())
        self._pass_on()

    def finish(self) -> None:
        """Nothing more is heard or said."""
        if not self._is_over:
            self._put(self._tracks.rest())
        self._end()

    async def run(self) -> None:
        try:
            await self._write()
        except (OSError, AppError):
            self._end()
            log.exception("a recording ends before its call")

    async def _write(self) -> None:
        try:
            async for block in self._blocks:
                await to_its_end(self._keep, block)
        finally:
            await to_its_end(self._close)

    def _keep(self, block: Samples) -> None:
        if self._file is None:
            self._file = StereoFile(self._path, self._key, self._rate)
        self._file.write(block)

    def _close(self) -> None:
        if self._file is not None:
            self.recorded_bytes = self._file.finish()

    def _said(self, sound: Samples) -> None:
        if self._is_over:
            return
        place = self._tracks.idled if self._playout.is_idle else self._tracks.said
        place(sound, _now_s())
        self._pass_on()

    def _pass_on(self) -> None:
        block = self._tracks.block(_now_s())
        if block is not None:
            self._put(block)

    def _put(self, block: Samples) -> None:
        if not self._blocks.try_send(block):
            self._end()
            log.error("a recording ends before its call: the disk takes it too slowly")

    def _end(self) -> None:
        self._is_over = True
        self._blocks.close()


class RecordedLine:
    """A `Line`, heard by a recorder as it is heard at all: who listens may be late for a while."""

    def __init__(self, line: Line, recorder: Recorder) -> None:
        self.encoding: Encoding = line.encoding
        self.sample_rate = line.sample_rate
        self.playout = line.playout
        self.typed: Callable[[str], None] = lambda text: None
        self._line = line
        self._recorder = recorder
        self._unheard: Channel[bytes] = Channel(_MOST_UNHEARD)
        line.typed = self._type

    async def carry(self) -> None:
        """For as long as the line has sound."""
        try:
            async for data in self._line.sounds():
                self._recorder.heard(data)
                await self._unheard.send(data)
        finally:
            self._unheard.close()

    def sounds(self) -> AsyncIterator[bytes]:
        return self._unheard

    def tell(self, event: SessionEvent) -> None:
        self._line.tell(event)

    async def close(self) -> None:
        await self._line.close()

    def _type(self, text: str) -> None:
        self.typed(text)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
