"""Calls over networks that lose, delay and stall."""

import asyncio
import logging

import numpy as np
import pytest

from app.realtime.transports.signalling import check_offer
from app.realtime.transports.webrtc import Peer, Peers
from tests.browser_peer import HEARD_RATE, RATE, BrowserPeer, browser
from tests.fakes.lossy_network import LossyNetwork, Weather, lossy_network
from tests.unit.realtime.transports.talking import OWNER, tone

LOUD = 5000
TALK_S = 3.0
_STALL_S = 3.0
TALK, VOICE = tone(440, TALK_S), tone(310, TALK_S)


async def call(peers: Peers, caller: BrowserPeer, network: LossyNetwork) -> Peer:
    offered = check_offer(network.redirected(await caller.offer(), 0))
    peer, answer = await peers.connect(OWNER, offered, has_video=False)
    await caller.accept(network.redirected(answer, 1))
    await caller.opened()
    return peer


async def heard_from(peer: Peer, *, seconds: float) -> list[int]:
    """The loudest sample of each 20 ms, of as much sound as that."""
    heard = np.zeros(0, np.int32)
    async for sound in peer.sounds():
        heard = np.concatenate([heard, np.frombuffer(sound, "<i2").astype(np.int32)])
        if heard.size >= seconds * HEARD_RATE:
            break
    return [int(np.abs(each).max()) for each in np.array_split(heard, round(seconds * 50))]


async def test_a_call_goes_on_where_packets_are_lost_and_overtake_each_other(
    peers: Peers, caplog: pytest.LogCaptureFixture
) -> None:
    """5 % lost, and up to 50 ms late."""
    async with lossy_network(Weather()) as network, browser() as caller:
        peer = await call(peers, caller, network)
        network.weather = Weather(loss=0.05, jitter_s=0.05)
        caller.levels.clear()
        await caller.said.play(VOICE)
        await peer.playout.play(TALK)
        began_s = asyncio.get_running_loop().time()
        async with asyncio.timeout(30):
            levels = await heard_from(peer, seconds=TALK_S)
        took_s = asyncio.get_running_loop().time() - began_s
        assert network.lost > 5
        assert sum(level > LOUD for level in levels) > 0.5 * len(levels)
        assert took_s < TALK_S + 5
        for _ in range(5):
            caller.send("no-such-thing")
        await caller.told("error-response", 5)
        assert sum(level > LOUD for level in caller.levels) > 0.4 * TALK_S * 50
        assert not peer.is_gone
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_after_a_stall_nobody_lags_behind(peers: Peers) -> None:
    """Three seconds of sound come at once and are heard at once, and what is said next is heard as
    it is said."""
    async with lossy_network(Weather()) as network, browser() as caller:
        peer = await call(peers, caller, network)
        await heard_from(peer, seconds=0.2)
        network.weather.stalls = True
        await asyncio.sleep(_STALL_S)
        network.go_on()
        async with asyncio.timeout(_STALL_S / 2):
            await heard_from(peer, seconds=_STALL_S - 0.5)
        await heard_from(peer, seconds=0.5)
        await caller.said.play(VOICE[:RATE])
        async with asyncio.timeout(_STALL_S / 2):
            await _loud(peer)
        await peer.playout.play(TALK[:RATE])
        async with asyncio.timeout(_STALL_S / 2):
            await caller.heard_something(LOUD)


async def _loud(peer: Peer) -> None:
    async for sound in peer.sounds():
        if np.abs(np.frombuffer(sound, "<i2").astype(np.int32)).max() > LOUD:
            return
