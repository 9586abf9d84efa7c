"""Browsers that connect, speak, hear, go on elsewhere, vanish and misbehave: over real sockets."""

import asyncio
import json
import re
from contextlib import suppress
from uuid import uuid4

import pytest
from aiortc.codecs.vpx import Vp8Decoder
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, DataChunk
from av import AudioFrame

from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.realtime.events import Understanding
from app.realtime.playout import Playout
from app.realtime.transports import webrtc
from app.realtime.transports.media import PlayoutTrack
from app.realtime.transports.signalling import (
    check_offer,
)
from app.realtime.transports.webrtc import OffersOpen, Peers, PeersFull, Reach
from tests.browser_peer import RATE, browser
from tests.unit.realtime.transports.talking import (
    OWNER,
    TONE,
    VOICE,
    call,
    loudest_heard,
)


@pytest.mark.inventory("WH-247", "WH-285", "EX-046")
async def test_both_sides_hear_each_other_and_messages_pass(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        assert (await caller.told("bot-ready"))["id"] == "c1"
        await caller.said.play(VOICE)
        assert await loudest_heard(peer, seconds=0.5) > 10_000
        await peer.playout.play(TONE)
        await caller.heard_something(10_000)
        typed: list[str] = []
        peer.typed = typed.append
        caller.send("send-text", {"content": "two please"})
        caller.send("no-such-thing", message_id="c9")
        assert (await caller.told("error-response"))["id"] == "c9"
        assert typed == ["two please"]
        peer.tell(Understanding("two", is_final=True, at_s=0.0))
        assert (await caller.told("user-transcription"))["data"]["text"] == "two"


_TEXT = 51
"""What a message of the data channel says that it is."""


class FewFrames(PlayoutTrack):
    """Says no more after some."""

    def __init__(self, frames: int) -> None:
        super().__init__(Playout(RATE))
        self._left = frames

    async def recv(self) -> AudioFrame:
        if not self._left:
            await asyncio.Event().wait()
        self._left -= 1
        return await super().recv()


async def test_nothing_that_was_said_waits_for_what_is_said_next(peers: Peers) -> None:
    async with browser() as caller:
        caller.pc.getSenders()[0].replaceTrack(FewFrames(20))
        peer = await call(peers, caller)
        heard = 0
        async with asyncio.timeout(10):
            async for sound in peer.sounds():
                heard += len(sound) // 2
                if heard == 20 * 960:
                    break
        assert heard == 20 * 960


async def test_who_hangs_up_ends_the_sound_at_once(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        await caller.close()
        async with asyncio.timeout(5):
            async for _ in peer.sounds():
                pass
        assert peer.is_gone
        assert peers.find(peer.id, OWNER) is None


async def test_only_the_first_channel_counts(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        typed: list[str] = []
        peer.typed = typed.append
        other = caller.pc.createDataChannel("other")
        message = {"label": "rtvi-ai", "type": "send-text", "data": {"content": "astray"}}
        other.on("open", lambda: (other.send(json.dumps(message)), other.close()))
        closed = asyncio.Event()
        other.on("close", closed.set)
        async with asyncio.timeout(10):
            await closed.wait()
        caller.send("send-text", {"content": "here"})
        caller.send("no-such-thing")
        await caller.told("error-response")
        assert typed == ["here"]
        assert not peer.is_gone


async def test_who_asks_for_the_end_gets_it(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        caller.send("disconnect-bot")
        async with asyncio.timeout(5):
            async for _ in peer.sounds():
                pass
        assert peer.is_gone


async def test_when_we_hang_up_the_browser_is_told(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        await peer.close()
        assert (await caller.told("signalling"))["message"] == {"type": "peerLeft"}
        assert not peers.connected
        await peer.close()


@pytest.mark.inventory("WH-252")
async def test_pictures_are_decoded_while_somebody_looks(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    decode = Vp8Decoder.decode
    monkeypatch.setattr(Vp8Decoder, "decode", lambda *about: decoded.append(1) or decode(*about))
    async with browser(camera=True) as caller:
        peer = await call(peers, caller, has_video=True)
        async with asyncio.timeout(20):
            await loudest_heard(peer, seconds=0.5)
            assert not decoded
            for _ in range(2):
                with peer.camera.watched() as view:
                    pictures = [await view.next() for _ in range(3)]
                assert {(each.width, each.height) for each in pictures} == {(640, 480)}


async def test_pictures_that_nobody_wants_are_refused_in_the_answer(peers: Peers) -> None:
    async with browser(camera=True) as caller:
        offered = check_offer(await caller.offer())
        _, answer = await peers.connect(OWNER, offered, has_video=False)
        video = answer.split("m=video")[1].split("m=application")[0]
        assert "a=inactive" in video
        assert "a=sendrecv" in answer.split("m=video")[0]


async def test_only_so_many_browsers_are_connected(peers: Peers) -> None:
    async with browser() as caller:
        offered = check_offer(await caller.offer())
        for _ in range(2):
            await peers.connect(OWNER, offered, has_video=False)
        with pytest.raises(PeersFull) as caught:
            await peers.connect(OWNER, offered, has_video=False)
        assert caught.value.status == 503
        await next(iter(peers.connected.values())).close()
        await peers.connect(OWNER, offered, has_video=False)


async def test_an_organization_leaves_only_so_many_offers_open(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc, "_MOST_OPEN", 2)
    peers = Peers(Reach(), supervisor, ("parley", "0"), utc_now)
    async with browser() as caller:
        await call(peers, caller)
        offered = check_offer(await caller.offer())
        for _ in range(2):
            await peers.connect(OWNER, offered, has_video=False)
        with pytest.raises(OffersOpen) as caught:
            await peers.connect(OWNER, offered, has_video=False)
        assert caught.value.status == 429
        assert caught.value.details == {"retry_after_s": 30}
        await peers.connect(uuid4(), offered, has_video=False)
        for peer in list(peers.connected.values()):
            await peer.close()


async def test_who_has_another_certificate_than_it_offered_is_let_go_at_once(
    peers: Peers,
) -> None:
    async with browser() as caller, browser() as other:
        own, others = [
            re.findall("a=fingerprint:.*\r\n", await each.offer())[:3] for each in (caller, other)
        ]
        sdp = await caller.offer()
        for fingerprint, another in zip(own, others, strict=True):
            sdp = sdp.replace(fingerprint, another)
        peer, answer = await peers.connect(OWNER, check_offer(sdp), has_video=False)
        await caller.accept(answer)
        async with asyncio.timeout(10):
            assert not await peer.ready()


async def test_a_call_belongs_to_its_organization(peers: Peers) -> None:
    async with browser() as caller:
        peer, _ = await peers.connect(OWNER, check_offer(await caller.offer()), has_video=False)
        assert peers.find(peer.id, OWNER) is peer
        assert peers.find(peer.id, uuid4()) is None


async def test_who_never_comes_is_let_go(
    peers: Peers, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc, "_CONNECT_S", 0.2)
    monkeypatch.setattr(webrtc, "_LOOK_S", 0.05)
    supervisor.keep_running("reaper", peers.run)
    async with browser() as caller:
        peer, _ = await peers.connect(OWNER, check_offer(await caller.offer()), has_video=False)
        async with asyncio.timeout(10):
            assert not await peer.ready()


async def test_who_vanishes_is_let_go_and_who_pings_is_not(
    peers: Peers, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        caller.pc.getSenders()[0].replaceTrack(None)
        monkeypatch.setattr(webrtc, "_LOST_S", 0.4)
        monkeypatch.setattr(webrtc, "_LOOK_S", 0.05)
        supervisor.keep_running("reaper", peers.run)
        for _ in range(10):
            caller.channel.send("ping: 1")
            await asyncio.sleep(0.1)
            assert not peer.is_gone
        async with asyncio.timeout(10):
            async for _ in peer.sounds():
                pass
        assert peer.is_gone


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xed\xa0\x80"])
async def test_who_sends_text_that_is_none_is_let_go_at_once(peers: Peers, text: bytes) -> None:
    """aiortc gives up a connection over which that comes."""
    async with browser() as caller:
        peer = await call(peers, caller)
        await caller.pc.sctp._send(caller.channel.id, _TEXT, text)
        async with asyncio.timeout(5):
            async for _ in peer.sounds():
                pass
        assert peer.is_gone


async def test_a_flood_of_messages_is_not_obeyed(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        typed: list[str] = []
        peer.typed = typed.append
        for number in range(1000):
            caller.send("send-text", {"content": str(number)})
        caller.channel.send(json.dumps({"type": "x" * 100_000})[:60_000])
        await asyncio.sleep(0.5)
        assert 0 < len(typed) <= 150
        assert not peer.is_gone


@pytest.mark.parametrize("step", [1, 2])
async def test_who_sends_a_message_without_an_end_is_hung_up_on(peers: Peers, step: int) -> None:
    """In pieces of which none is the last, or each second one is missing."""
    async with browser() as caller:
        peer = await call(peers, caller)
        sctp = caller.pc.sctp
        piece = DataChunk(SCTP_DATA_FIRST_FRAG)
        piece.stream_id, piece.stream_seq, piece.user_data = caller.channel.id, 1, b"x"
        async with asyncio.timeout(20):
            for number in range(3000):
                piece.tsn = (sctp._local_tsn + step * number) % (1 << 32)
                await sctp._send_chunk(piece)
                piece.flags = 0
                await asyncio.sleep(0)
            async for _ in peer.sounds():
                pass
        assert peer.is_gone


async def test_sound_that_nobody_hears_is_lost_from_its_beginning(peers: Peers) -> None:
    async with browser() as caller:
        peer, _ = await peers.connect(OWNER, check_offer(await caller.offer()), has_video=False)
    for number in range(300):
        peer.heard(number.to_bytes(2, "little"))
    peer.hung_up()
    kept = [int.from_bytes(sound, "little") async for sound in peer.sounds()]
    assert kept == list(range(50, 300))
    with suppress(StopAsyncIteration):
        peer.heard(b"late")
