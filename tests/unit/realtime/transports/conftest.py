"""Peers of one process, closed with the test."""

from collections.abc import AsyncGenerator

import pytest

from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.metrics import Metrics
from app.realtime.transports.webrtc import Peers, Reach


@pytest.fixture
async def supervisor() -> AsyncGenerator[Supervisor]:
    async with Supervisor(Metrics("0")) as supervisor:
        yield supervisor


@pytest.fixture
async def peers(supervisor: Supervisor) -> AsyncGenerator[Peers]:
    peers = Peers(Reach(most=2), supervisor, ("parley", "0"), utc_now)
    yield peers
    for peer in list(peers.connected.values()):
        await peer.close()
