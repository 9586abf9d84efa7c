"""What tests of browsers share: a call that is set up, and sound that is known when it is heard."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import numpy as np

from app.core.audio.convert import Samples
from app.realtime.transports.signalling import check_offer
from app.realtime.transports.webrtc import Peer, Peers
from tests.browser_peer import RATE, BrowserPeer

OWNER = UUID(int=1)


def tone(hertz: int, seconds: float) -> Samples:
    at_s = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hertz * at_s)).astype(np.float32)


TONE, VOICE = tone(440, 0.5), tone(310, 0.5)
"""Of the agent, and of the caller: who says the same as the agent is taken for its echo."""


async def call(peers: Peers, caller: BrowserPeer, *, has_video: bool = False) -> Peer:
    offered = check_offer(await caller.offer())
    peer, answer = await peers.connect(OWNER, offered, has_video=has_video)
    await caller.accept(answer)
    await caller.opened()
    caller.send("client-ready", {"version": "2.1.0"})
    assert await peer.ready()
    return peer


async def loudest_heard(peer: Peer, *, seconds: float) -> int:
    """Of so much sound."""
    heard, loudest = 0, 0
    async for sound in peer.sounds():
        samples = np.frombuffer(sound, "<i2").astype(np.int32)
        heard += samples.size
        loudest = max(loudest, int(np.abs(samples).max()))
        if heard > seconds * peer.sample_rate:
            return loudest
    raise AssertionError("the sound ended")


async def loud_sound(sounds: AsyncIterator[bytes]) -> None:
    async with asyncio.timeout(10):
        while np.abs(np.frombuffer(await anext(sounds), "<i2").astype(np.int32)).max() < 10_000:
            pass
