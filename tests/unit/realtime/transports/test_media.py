"""Sound on its way to a browser and back: nothing is late for long, nothing comes in a burst."""

import asyncio
import sys

import numpy as np
import pytest
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtp import RtpPacket
from av import AudioFrame, VideoFrame

from app.realtime.playout import Playout
from app.realtime.transports.media import (
    Camera,
    OpusInOrder,
    PicturesInDemand,
    PlayoutTrack,
    SoundInTime,
    mono_pcm,
)
from tests.virtual_time import VirtualTimeLoop, virtual_time


def stereo(left: list[int], right: list[int], pts: int = 0) -> AudioFrame:
    packed = np.stack([left, right], axis=1).astype(np.int16).reshape(1, -1)
    frame = AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
    frame.sample_rate, frame.pts = 48_000, pts
    return frame


def samples(pcm: bytes) -> list[int]:
    return np.frombuffer(pcm, "<i2").tolist()


def test_two_channels_become_their_mean_without_overflow() -> None:
    left, right = [100, 32767, -32768, 5, -3, 0], [300, 32767, -32768, 6, -3, 1]
    means = [200, 32767, -32768, 5, -3, 0]
    assert samples(mono_pcm(stereo(left, right))) == means


def test_one_channel_stays_as_it_is() -> None:
    frame = AudioFrame.from_ndarray(np.array([[1, -2, 3]], np.int16), format="s16", layout="mono")
    assert samples(mono_pcm(frame)) == [1, -2, 3]


def test_what_was_lost_on_the_way_dies_away_within_its_length() -> None:
    sound, loud = SoundInTime(), [8000] * 960
    pieces = [sound.pcm(stereo(loud, loud, pts=place)) for place in (1000, 1960, 2920 + 4800)]
    heard = samples(b"".join(pieces))
    assert len(heard) == 3 * 960 + 4800
    concealed, silence = heard[1920 : 1920 + 2880], heard[1920 + 2880 : 1920 + 4800]
    assert concealed[0] == 8000
    assert concealed == sorted(concealed, reverse=True)
    assert 0 < concealed[-1] < 10
    assert not any(silence)
    assert set(heard[:1920] + heard[-960:]) == {8000}


def test_a_gap_of_hours_is_not_filled() -> None:
    sound = SoundInTime()
    sound.pcm(stereo([7], [7], pts=0))
    assert len(sound.pcm(stereo([8], [8], pts=10**9))) == 2 * (48_000 + 1)
    assert samples(sound.pcm(stereo([9], [9], pts=5))) == [9]


def packet(number: int) -> RtpPacket:
    made = RtpPacket(sequence_number=number, timestamp=number * 960)
    made.payload = bytes([number % 256])
    return made


def decoded(*numbers: int) -> list[list[int]]:
    """What is decoded as each packet comes."""
    heard: list[int] = []
    order = OpusInOrder(lambda each: heard.append(each.sequence_number))
    steps: list[list[int]] = []
    for number in numbers:
        _, frame = order.add(packet(number))
        if frame:
            assert frame.data == bytes([frame.timestamp // 960 % 256])
            heard.append(frame.timestamp // 960)
        steps.append(heard[:])
        heard.clear()
    return steps


def test_packets_in_order_are_heard_at_once() -> None:
    assert decoded(65534, 65535, 0, 1) == [[65534], [65535], [0], [1]]


def test_packets_behind_a_gap_wait_for_what_is_missing() -> None:
    assert decoded(65535, 1, 2, 0, 3) == [[65535], [], [], [0, 1, 2], [3]]
    assert decoded(5, 8, 7, 6, 6, 7, 9) == [[5], [], [], [6, 7, 8], [], [], [9]]


def test_what_does_not_come_in_time_is_lost() -> None:
    assert decoded(5, 7, 8, 9, 10, 6, 11) == [[5], [], [], [], [7, 8, 9, 10], [], [11]]
    assert decoded(5, 100, 101, 102, 103, 104) == [[5], [], [], [], [100, 101, 102, 103], [104]]


def test_an_empty_packet_is_not_decoded_and_leaves_no_gap() -> None:
    order = OpusInOrder(lambda _: None)
    assert order.add(RtpPacket(sequence_number=1)) == (False, None)
    assert order.add(packet(2))[1]


async def test_it_takes_the_place_of_the_buffer_that_holds_sound_back() -> None:
    class Transport:
        state = "new"

    receiver = RTCRtpReceiver("audio", Transport())
    OpusInOrder.take_over(receiver)
    buffers = [each for each in vars(receiver).values() if hasattr(each, "add")]
    assert any(isinstance(each, OpusInOrder) for each in buffers)
    assert not any(type(each).__name__ == "JitterBuffer" for each in buffers)


def loud(frame: AudioFrame) -> bool:
    return bool(np.any(frame.to_ndarray()))


@virtual_time
async def test_frames_come_every_20_ms_and_hold_what_is_played() -> None:
    playout, loop = Playout(24_000), asyncio.get_running_loop()
    await playout.play(np.full(2 * 480, 0.5, np.float32))
    track = PlayoutTrack(playout)
    frames, at_s = [], []
    for _ in range(4):
        frames.append(await track.recv())
        at_s.append(round(loop.time(), 3))
    assert at_s == [0.0, 0.02, 0.04, 0.06]
    assert [loud(frame) for frame in frames] == [True, True, False, False]
    assert playout.played_s == 0.04
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert np.count_nonzero(sound == 16384) == 2 * 480


@virtual_time
async def test_after_a_stall_it_goes_on_from_now_and_says_that_time_passed() -> None:
    playout, loop = Playout(24_000), asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    await playout.play(np.full(24_000, 0.5, np.float32))
    track = PlayoutTrack(playout)
    before = [await track.recv() for _ in range(2)][-1]
    loop.block(0.5)
    at_s, places = [], []
    for _ in range(3):
        frame = await track.recv()
        at_s.append(round(loop.time(), 3))
        places.append(frame.pts)
    assert at_s == [0.52, 0.54, 0.56]
    gap_s = (places[0] - before.pts - before.samples) / 24_000
    assert gap_s == pytest.approx(0.48, abs=0.001)
    assert [places[1] - places[0], places[2] - places[1]] == [480, 480]
    assert playout.played_s == pytest.approx(0.1)


@virtual_time
async def test_a_short_delay_is_made_up_for() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    track = PlayoutTrack(Playout(24_000))
    await track.recv()
    loop.block(0.05)
    at_s = []
    for _ in range(4):
        await track.recv()
        at_s.append(round(loop.time(), 3))
    assert at_s == [0.05, 0.05, 0.06, 0.08]


@virtual_time
async def test_every_frame_is_one_packet_from_the_first_on() -> None:
    track, encoder = PlayoutTrack(Playout(24_000)), OpusEncoder()
    encoded = [encoder.encode(await track.recv()) for _ in range(20)]
    assert [len(packets) for packets, _ in encoded] == [1] * 20
    assert [at for _, at in encoded] == [960 * number for number in range(20)]


async def test_a_track_that_ended_has_no_more_frames() -> None:
    track = PlayoutTrack(Playout(24_000))
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_who_looks_too_slowly_sees_the_newest_picture_only() -> None:
    camera = Camera()
    pictures = [VideoFrame(16, 16) for _ in range(1000)]
    with camera.watched() as view, camera.watched() as other:
        for picture in pictures:
            camera.show(picture)
        assert await view.next() is pictures[-1]
        assert await other.next() is pictures[-1]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await view.next()
        camera.show(pictures[0])
        assert await view.next() is pictures[0]


def test_of_what_nobody_looks_at_nothing_is_kept() -> None:
    camera, picture, other = Camera(), VideoFrame(16, 16), VideoFrame(16, 16)
    unknown = sys.getrefcount(picture)
    camera.show(picture)
    assert sys.getrefcount(picture) == unknown
    with camera.watched():
        camera.show(picture)
        assert sys.getrefcount(picture) == unknown + 1
        camera.show(other)
        assert sys.getrefcount(picture) == unknown
    assert sys.getrefcount(other) == unknown


def picture_packet(number: int) -> RtpPacket:
    """Each is a picture of its own."""
    made = RtpPacket(sequence_number=number, timestamp=number * 3000)
    made._data = bytes([number % 256])
    return made


def test_pictures_are_put_together_while_somebody_looks() -> None:
    """With a whole one asked for whenever somebody begins to."""
    is_watched = False
    demand = PicturesInDemand(lambda: is_watched)
    assert [demand.add(picture_packet(number)) for number in range(3)] == [(False, None)] * 3
    for begins_at in (10, 60_000):
        is_watched = True
        needs_whole, first = demand.add(picture_packet(begins_at))
        assert (needs_whole, first) == (True, None)
        needs_whole, picture = demand.add(picture_packet(begins_at + 1))
        assert not needs_whole
        assert picture
        assert picture.timestamp == begins_at * 3000
        is_watched = False
        assert demand.add(picture_packet(begins_at + 2)) == (False, None)
