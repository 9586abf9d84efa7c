"""Calls that go on over other addresses, and the ways by which a browser is found: over real
sockets."""

import asyncio

import pytest

from app.bench.holding import holding
from app.realtime.events import Understanding
from app.realtime.transports.signalling import (
    Candidate,
    CandidateInvalid,
    SdpInvalid,
    check_offer,
)
from app.realtime.transports.webrtc import PeerNotFound, Peers
from tests.browser_peer import browser
from tests.unit.realtime.transports.talking import (
    OWNER,
    TONE,
    VOICE,
    call,
    loud_sound,
    loudest_heard,
)


@pytest.mark.inventory("EX-044")
async def test_a_call_goes_on_over_a_new_connection(peers: Peers) -> None:
    async with browser() as first, browser() as second:
        peer = await call(peers, first)
        sounds = peer.sounds()
        await anext(sounds)
        answer = await peer.answer(check_offer(await second.offer()), restarts=True)
        await second.accept(answer)
        await second.opened()
        await second.said.play(VOICE)
        await loud_sound(sounds)
        await peer.playout.play(TONE)
        await second.heard_something(10_000)
        assert peers.find(peer.id, OWNER) is peer
        peer.tell(Understanding("on", is_final=True, at_s=0.0))
        await second.told("user-transcription")


@pytest.mark.inventory("EX-044")
async def test_an_offer_on_the_same_connection_is_answered(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        await caller.accept(await peer.answer(check_offer(await caller.offer()), restarts=False))
        await peer.playout.play(TONE)
        await caller.heard_something(10_000)


@pytest.mark.inventory("EX-044")
async def test_a_browser_that_changes_its_network_goes_on_over_the_same_connection(
    peers: Peers,
) -> None:
    """Its old address is dead from one moment to the next, and it restarts ICE: keys, channel and
    tracks stay as they are."""
    async with browser(roams=True) as caller:
        peer = await call(peers, caller)
        for _ in range(2):
            await loudest_heard(peer, seconds=0.1)
            caller.lose_network()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await loudest_heard(peer, seconds=5)
            offer = check_offer(await caller.restarting_offer())
            await caller.restart(await peer.answer(offer, restarts=False))
            await caller.said.play(VOICE)
            await loud_sound(peer.sounds())
            await peer.playout.play(TONE)
            await caller.heard_something(10_000)
            caller.messages.clear()
            caller.send("client-ready", {"version": "2.1.0"})
            await caller.told("bot-ready")
        assert not peer.is_gone


async def test_a_restart_that_reaches_nobody_leaves_all_as_it_was(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        again = await caller.offer()
        fragment = again.split("a=ice-ufrag:")[1].split("\r\n")[0]
        for other in ("else", "nobody"):
            moved = again.replace(f"a=ice-ufrag:{fragment}", f"a=ice-ufrag:{other}")
            await peer.answer(check_offer(moved), restarts=False)
        await caller.said.play(VOICE)
        assert await loudest_heard(peer, seconds=0.5) > 10_000
        await peer.playout.play(TONE)
        await caller.heard_something(10_000)


async def test_an_offer_of_another_end_gets_a_connection_of_its_own(peers: Peers) -> None:
    """A page that was loaded again, and says only which call it is."""
    async with browser() as first, browser() as second:
        peer = await call(peers, first)
        sounds = peer.sounds()
        await second.accept(await peer.answer(check_offer(await second.offer()), restarts=False))
        await second.opened()
        await second.said.play(VOICE)
        await loud_sound(sounds)


@pytest.mark.parametrize("is_another", [True, False])
async def test_what_an_offer_opens_as_the_call_ends_is_closed_with_it(
    peers: Peers, *, is_another: bool
) -> None:
    """Of another end, or of one that looks for another way."""
    before = holding().sockets
    async with browser(roams=True) as first, browser() as second:
        peer = await call(peers, first)
        sdp = await (second.offer() if is_another else first.restarting_offer())
        await asyncio.gather(
            peer.answer(check_offer(sdp), restarts=is_another),
            peer.close(),
            return_exceptions=True,
        )
        with pytest.raises(PeerNotFound):
            await peer.answer(check_offer(await second.offer()), restarts=True)
    async with asyncio.timeout(10):
        while holding().sockets > before:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.1)


async def test_an_offer_that_contradicts_what_was_agreed_is_refused(peers: Peers) -> None:
    async with browser() as caller:
        peer = await call(peers, caller)
        sdp = (await caller.offer()).replace("a=rtcp-mux\r\n", "")
        with pytest.raises(SdpInvalid, match="answered"):
            await peer.answer(check_offer(sdp), restarts=False)
        with pytest.raises(SdpInvalid):
            await peers.connect(OWNER, check_offer(sdp), has_video=False)
        assert list(peers.connected) == [peer.id]


@pytest.mark.inventory("WH-255", "EX-045")
async def test_candidates_that_come_later_connect_a_browser(peers: Peers) -> None:
    async with browser() as caller:
        whole = await caller.offer()
        lines = whole.split("\r\n")
        ways = [line for line in lines if line.startswith("a=candidate:")]
        bare = "\r\n".join(line for line in lines if line not in {*ways, "a=end-of-candidates"})
        peer, answer = await peers.connect(OWNER, check_offer(bare), has_video=False)
        await caller.accept(_without_candidates(answer))
        assert ways
        peers.add_candidates(peer.id, [Candidate(way) for way in ways])
        peers.add_candidates(peer.id, [Candidate("")])
        assert await peer.ready()


def _without_candidates(sdp: str) -> str:
    """So that only what the browser sent can have connected them."""
    lines = sdp.split("\r\n")
    return "\r\n".join(line for line in lines if "candidate" not in line)


async def test_candidates_for_nobody_and_without_end_are_refused(peers: Peers) -> None:
    with pytest.raises(PeerNotFound):
        peers.add_candidates("nobody", [])
    async with browser() as caller:
        peer, _ = await peers.connect(OWNER, check_offer(await caller.offer()), has_video=False)
        ways = [
            Candidate(f"candidate:1 1 udp 1 192.0.2.{number} 9 typ host") for number in range(40)
        ]
        peers.add_candidates(peer.id, ways)
        peers.add_candidates(peer.id, ways)
        with pytest.raises(CandidateInvalid):
            peers.add_candidates(peer.id, ways)


@pytest.mark.inventory("WH-255", "EX-045")
async def test_ways_that_lead_nowhere_keep_nobody_from_coming(peers: Peers) -> None:
    """A hidden name that nobody answers to, IPv6, TCP, and that no more come."""
    ways = (
        "candidate:1 1 udp 2122260223 6cd3f2a1-0f4e-4a35-9a3c-12b0f8a5a1c2.local 51000 typ host",
        "candidate:2 1 udp 2122260222 2001:db8::7 51000 typ host",
        "candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active",
        "candidate:4 1 udp 1686052607 198.51.100.7 51000 typ srflx raddr 0.0.0.0 rport 0",
        "",
    )
    async with browser() as caller:
        sdp = _without_candidates(await caller.offer())
        peer, answer = await peers.connect(OWNER, check_offer(sdp), has_video=False)
        peers.add_candidates(peer.id, [Candidate(way) for way in ways])
        await caller.accept(answer)
        async with asyncio.timeout(10):
            assert await peer.ready()
