"""Calls through a TURN server, and without one that cannot be had."""

import hmac
import logging
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable

import pytest

from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.metrics import Metrics
from app.core.setting_fields import Secret
from app.core.settings import WebRtc
from app.realtime.transports.signalling import check_offer
from app.realtime.transports.webrtc import Peer, Peers, Reach
from app.wiring.browsers import ice_servers
from tests.browser_peer import BrowserPeer, browser
from tests.fakes.turn_server import TurnServer, turn_server
from tests.unit.realtime.transports.talking import OWNER, TONE, VOICE, loud_sound

PASSWORD = "a-word-that-nobody-logs"


@pytest.fixture
async def relay() -> AsyncGenerator[TurnServer]:
    async with turn_server({"parley": PASSWORD}.get) as relay:
        yield relay


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
async def connected(counted: list[str]) -> AsyncGenerator[Callable[[WebRtc], Peers]]:
    opened: list[Peers] = []
    async with Supervisor(Metrics("0")) as supervisor:

        def peers_of(settings: WebRtc) -> Peers:
            reach = Reach(lambda: ice_servers(settings, utc_now()), counted.append)
            opened.append(Peers(reach, supervisor, ("parley", "0"), utc_now))
            return opened[-1]

        yield peers_of
        for peer in [peer for peers in opened for peer in peers.connected.values()]:
            await peer.close()


async def talk(peers: Peers, caller: BrowserPeer, *, is_relayed_alone: bool = False) -> Peer:
    offered = check_offer(await caller.offer())
    peer, answer = await peers.connect(OWNER, offered, has_video=False)
    if is_relayed_alone:
        lines = answer.split("\r\n")
        answer = "\r\n".join(line for line in lines if " typ host" not in line)
    await caller.accept(answer)
    await caller.opened()
    await caller.said.play(VOICE)
    await loud_sound(peer.sounds())
    await peer.playout.play(TONE)
    await caller.heard_something(10_000)
    return peer


async def test_a_call_goes_through_the_relay_alone(
    relay: TurnServer, connected: Callable[[WebRtc], Peers], counted: list[str]
) -> None:
    """Of both sides, where neither reaches the other."""
    settings = WebRtc(turn_url=relay.url, turn_user="parley", turn_password=Secret(PASSWORD))
    peers = connected(settings)
    [server] = ice_servers(settings, utc_now())
    async with browser(relay=server) as caller:
        peer = await talk(peers, caller, is_relayed_alone=True)
        assert relay.relayed > 50
        assert len(relay.allocations) == 2
        await peer.close()
    await relay.emptied()
    assert counted == ["relayed"]


async def test_a_shared_secret_is_enough(
    connected: Callable[[WebRtc], Peers], counted: list[str]
) -> None:
    def signed(user: str) -> str:
        until = int(user.partition(":")[0])
        assert until > utc_now().timestamp()
        digest = hmac.digest(b"north", user.encode(), "sha1")
        return b64encode(digest).decode()

    async with turn_server(signed) as relay:
        settings = WebRtc(turn_url=relay.url, turn_secret=Secret("north"))
        async with browser() as caller:
            peer = await talk(connected(settings), caller)
            [user] = relay.seen_users
            assert user.endswith(":parley")
            await peer.close()
    assert counted == ["relayed"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"turn_password": Secret("no-such-word")}, "refuses us (401"), ({"turn_user": "x"}, "(401")],
)
async def test_a_relay_that_refuses_us_is_named_once_and_the_call_goes_without(
    relay: TurnServer,
    connected: Callable[[WebRtc], Peers],
    counted: list[str],
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, str],
    reason: str,
) -> None:
    right = {"turn_url": relay.url, "turn_user": "parley", "turn_password": Secret(PASSWORD)}
    peers = connected(WebRtc(**(right | wrong)))
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            async with browser() as caller:
                await talk(peers, caller)
    complaints = [each for each in caplog.messages if "without a relay" in each]
    assert len(complaints) == 1
    assert reason in complaints[0]
    assert relay.url in complaints[0]
    assert counted == ["missing", "missing"]
    assert not any(word in caplog.text for word in (PASSWORD, "no-such-word"))


async def test_a_relay_that_is_not_there_is_named(
    connected: Callable[[WebRtc], Peers],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = WebRtc(
        turn_url="turn:127.0.0.1:9?transport=tcp", turn_user="u", turn_password=Secret("p")
    )
    async with browser() as caller:
        await talk(connected(settings), caller)
    assert "does not answer (ConnectionRefusedError)" in caplog.text
