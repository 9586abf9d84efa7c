"""Sound and pictures of a WebRTC peer, between the frames of aiortc and ours."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame
from av.video.frame import VideoFrame

from app.core.audio.convert import int16_from_float
from app.realtime.playout import Playout

HEARD_RATE = 48_000
"""What Opus is decoded to."""
FRAME_S = 0.02
_MOST_LATE_S = 0.1
_MOST_LOST = HEARD_RATE
_MOST_PICTURE_PACKETS = 512
_SEQUENCE = 1 << 16
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_PRIMING_S = 0.002
"""The encoder resamples, and would keep back a whole frame for want of a few samples."""


def mono_pcm(frame: AudioFrame) -> bytes:
    """Of s16, one channel or two side by side, as aiortc decodes Opus."""
    channels = len(frame.layout.channels)
    plane = np.frombuffer(memoryview(frame.planes[0]), np.int16, count=frame.samples * channels)
    if channels == 1:
        return plane.tobytes()
    left, right = plane[::2], plane[1::2]
    return ((left >> 1) + (right >> 1) + (left & right & 1)).tobytes()


class SoundInTime:
    """What is heard, as long as it took: what was lost on the way is silence."""

    def __init__(self) -> None:
        self._next: int | None = None

    def pcm(self, frame: AudioFrame) -> bytes:
        place = frame.pts or 0
        lost = 0 if self._next is None else place - self._next
        self._next = place + frame.samples
        return bytes(2 * min(max(lost, 0), _MOST_LOST)) + mono_pcm(frame)


class OpusInOrder:
    """In the place of aiortc's jitter buffer, which holds sound back for 80 ms, and for far longer
    once a packet was lost: nobody listens to this sound but us, who need no even pace. What comes
    too late is lost."""

    def __init__(self) -> None:
        self._last: int | None = None

    @classmethod
    def take_over(cls, receiver: RTCRtpReceiver) -> None:
        """Before anything is received. aiortc has no setting for it."""
        assert hasattr(receiver, _JITTER_BUFFER)
        setattr(receiver, _JITTER_BUFFER, cls())

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        ahead = 1 if self._last is None else (packet.sequence_number - self._last) % _SEQUENCE
        if ahead == 0 or ahead > _SEQUENCE // 2 or not packet.payload:
            return False, None
        self._last = packet.sequence_number
        return False, JitterFrame(data=packet.payload, timestamp=packet.timestamp)


class PlayoutTrack(MediaStreamTrack):
    """What the agent says, in frames of 20 ms. Where the loop was late by much it goes on from now:
    what was missed is a gap, and never a burst."""

    kind = "audio"

    def __init__(self, playout: Playout) -> None:
        super().__init__()
        self._playout = playout
        self._rate = playout.sample_rate
        self._next_s: float | None = None
        self._place = 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self._next_s is None:
            self._next_s = loop.time()
            return self._frame(round(_PRIMING_S * self._rate))
        self._next_s += FRAME_S
        late_s = loop.time() - self._next_s
        if late_s > _MOST_LATE_S:
            self._next_s += late_s
            self._place += round(late_s * self._rate)
        await asyncio.sleep(self._next_s - loop.time())
        return self._frame(0)

    def _frame(self, silence: int) -> AudioFrame:
        """`silence`: so many samples before those of the playout."""
        sound = int16_from_float(self._playout.take(round(FRAME_S * self._rate)))
        if silence:
            sound = np.concatenate([np.zeros(silence, np.int16), sound])
        frame = AudioFrame(format="s16", layout="mono", samples=sound.size)
        frame.planes[0].update(sound.tobytes())
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._place
        self._place += sound.size
        return frame


class Camera:
    """Whoever looks sees the newest picture; those that nobody looked at in time are gone, and
    while nobody looks there are none."""

    def __init__(self) -> None:
        self._picture: VideoFrame | None = None
        self._count = 0
        self._views = 0
        self._shown = asyncio.Event()

    @property
    def is_watched(self) -> bool:
        return self._views > 0

    def show(self, picture: VideoFrame) -> None:
        if self.is_watched:
            self._picture = picture
            self._count += 1
            self._shown.set()

    @contextmanager
    def watched(self) -> Generator["View"]:
        self._views += 1
        try:
            yield View(self)
        finally:
            self._views -= 1
            if not self.is_watched:
                self._picture = None

    async def after(self, count: int) -> tuple[int, VideoFrame]:
        """The newest, and its number."""
        while self._picture is None or self._count == count:
            self._shown.clear()
            await self._shown.wait()
        return self._count, self._picture


class View:
    """Of a camera, for one who looks."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._seen = 0

    async def next(self) -> VideoFrame:
        """One that was not seen before."""
        self._seen, picture = await self._camera.after(self._seen)
        return picture


class PicturesInDemand:
    """In the place of aiortc's jitter buffer: what nobody looks at is not even decoded. Who begins
    to look needs a whole picture first, which has to be asked for."""

    def __init__(self, is_watched: Callable[[], bool]) -> None:
        self._is_watched = is_watched
        self._buffer: JitterBuffer | None = None

    @classmethod
    def take_over(cls, receiver: RTCRtpReceiver, is_watched: Callable[[], bool]) -> None:
        assert hasattr(receiver, _JITTER_BUFFER)
        setattr(receiver, _JITTER_BUFFER, cls(is_watched))

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Whether a whole picture is needed, and one that is complete."""
        if not self._is_watched():
            self._buffer = None
            return False, None
        if self._buffer is None:
            self._buffer = JitterBuffer(_MOST_PICTURE_PACKETS, is_video=True)
            return True, self._buffer.add(packet)[1]
        return self._buffer.add(packet)
