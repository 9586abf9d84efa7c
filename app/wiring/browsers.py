"""What takes calls from browsers."""

import hmac
from base64 import b64encode
from datetime import datetime, timedelta

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from app.calls.sessions.browsers import BrowserCalls
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.metrics import Metrics
from app.core.setting_fields import SettingInvalid
from app.core.settings import WebRtc
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.realtime.transports.webrtc import Peers, Reach
from app.wiring.calling import Calling

PRODUCT = "parley"
_CREDENTIALS_LAST = timedelta(days=1)
"""Longer than any call: relays ask for them again and again."""


def opened_browsers(
    calls: Calls, settings: WebRtc, supervisor: Supervisor, metrics: Metrics, version: str
) -> BrowserCalls:
    ice_servers(settings, utc_now())

    def count(outcome: str) -> None:
        metrics.relays.labels(outcome).inc()

    reach = Reach(lambda: ice_servers(settings, utc_now()), count, settings.most_calls)
    peers = Peers(reach, supervisor, (PRODUCT, version), utc_now)
    supervisor.keep_running("browsers", peers.run)
    return BrowserCalls(peers, calls.prepare, supervisor)


def opened_casting(calling: Calling, thinking: LlmService, tools: ToolCatalogue) -> Casting:
    return Casting(calling.agents, thinking, tools, utc_now)


def ice_servers(settings: WebRtc, now: datetime) -> list[RTCIceServer]:
    """With credentials that hold for a day. Raises SettingInvalid: a server that is none would fail
    every call."""
    servers: list[RTCIceServer] = []
    if settings.stun_url:
        servers.append(RTCIceServer(_checked("PARLEY_STUN_URL", settings.stun_url, ("stun",))))
    if settings.turn_url:
        url = _checked("PARLEY_TURN_URL", settings.turn_url, ("turn", "turns"))
        servers.append(RTCIceServer(url, *_credentials(settings, now)))
    return servers


def _credentials(settings: WebRtc, now: datetime) -> tuple[str, str]:
    """Where a secret is shared, as the servers know it: a time, signed."""
    if not settings.turn_secret:
        return settings.turn_user, settings.turn_password
    user = f"{int((now + _CREDENTIALS_LAST).timestamp())}:{settings.turn_user or PRODUCT}"
    signed = hmac.digest(settings.turn_secret.encode(), user.encode(), "sha1")
    return user, b64encode(signed).decode()


def _checked(name: str, url: str, schemes: tuple[str, ...]) -> str:
    try:
        is_right = parse_stun_turn_uri(url)["scheme"] in schemes
    except ValueError:
        is_right = False
    if not is_right:
        raise SettingInvalid(f"{name}: it is no address of {schemes[0]}:host:port", setting=name)
    return url
