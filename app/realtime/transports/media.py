"""Sound and pictures of a WebRTC peer, between the frames of aiortc and ours."""

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame
from av.video.frame import VideoFrame

from app.core.audio.convert import Samples, int16_from_float
from app.realtime.playout import Playout

HEARD_RATE = 48_000
"""What Opus is decoded to."""
FRAME_S = 0.02
_MOST_LATE_S = 0.1
_MOST_LOST = HEARD_RATE
_MOST_PICTURE_PACKETS = 512
_SEQUENCE = 1 << 16
_MOST_CONCEALED = round(0.06 * HEARD_RATE)
_MOST_HELD = 3
"""Packets of 20 ms."""
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_DECODERS_QUEUE = "_RTCRtpReceiver__decoder_queue"
_CODECS = "_RTCRtpReceiver__codecs"
_TIMES = "_RTCRtpReceiver__timestamp_mapper"
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
    """What is heard, as long as it took. What was lost on the way is the sound before it as it dies
    away, and then silence."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._last = b""

    def pcm(self, frame: AudioFrame) -> bytes:
        place = frame.pts or 0
        lost = 0 if self._next is None else place - self._next
        concealed = self._concealed(min(max(lost, 0), _MOST_LOST))
        self._next = place + frame.samples
        self._last = mono_pcm(frame)
        return concealed + self._last

    def _concealed(self, lost: int) -> bytes:
        if not lost:
            return b""
        last = np.frombuffer(self._last, np.int16)
        again = np.tile(last, _MOST_CONCEALED // last.size)[:lost]
        dying = np.linspace(1, 0, again.size, endpoint=False)
        return (again * dying).astype(np.int16).tobytes() + bytes(2 * (lost - again.size))


class OpusInOrder:
    """In the place of aiortc's jitter buffer, which holds sound back for 80 ms, and for far longer
    once a packet was lost: nobody listens to this sound but us, who need no even pace. Only behind
    a gap are a few held, until what is missing comes, or has had the time to."""

    def __init__(self, decode: Callable[[RtpPacket], None]) -> None:
        """`decode`: is given what comes before the packet that `add` returns."""
        self._decode = decode
        self._last: int | None = None
        self._held: dict[int, RtpPacket] = {}

    @classmethod
    def take_over(cls, receiver: RTCRtpReceiver) -> None:
        """Before anything is received. aiortc has no setting for it."""
        for name in (_JITTER_BUFFER, _DECODERS_QUEUE, _CODECS, _TIMES):
            assert hasattr(receiver, name)

        def decode(packet: RtpPacket) -> None:
            codec, frame = getattr(receiver, _CODECS)[packet.payload_type], _frame(packet)
            frame.timestamp = getattr(receiver, _TIMES).map(frame.timestamp)
            getattr(receiver, _DECODERS_QUEUE).put((codec, frame))

        setattr(receiver, _JITTER_BUFFER, cls(decode))

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        number = packet.sequence_number
        if self._last is None:
            self._last = (number - 1) % _SEQUENCE
        if not 0 < self._ahead(number) <= _SEQUENCE // 2:
            return False, None
        self._held[number] = packet
        *earlier, last = [each for each in self._due() if each.payload] or [None]
        for each in earlier:
            if each:
                self._decode(each)
        return False, last and _frame(last)

    def _due(self) -> Iterator[RtpPacket]:
        while self._held:
            first = min(self._held, key=self._ahead)
            if self._ahead(first) > 1 and len(self._held) <= _MOST_HELD:
                return
            self._last = first
            yield self._held.pop(first)

    def _ahead(self, number: int) -> int:
        return (number - (self._last or 0)) % _SEQUENCE


def _frame(packet: RtpPacket) -> JitterFrame:
    return JitterFrame(data=packet.payload, timestamp=packet.timestamp)


class PlayoutTrack(MediaStreamTrack):
    """What the agent says, in frames of 20 ms. Where the loop was late by much it goes on from now:
    what was missed is a gap, and never a burst."""

    kind = "audio"

    def __init__(self, playout: Playout, said: Callable[[Samples], None] = lambda _: None) -> None:
        """`said`: told of each frame as it leaves."""
        super().__init__()
        self._playout = playout
        self._said = said
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
        said = self._playout.take(round(FRAME_S * self._rate))
        self._said(said)
        sound = int16_from_float(said)
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
