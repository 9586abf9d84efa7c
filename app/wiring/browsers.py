"""What takes calls from browsers."""

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from app.calls.sessions.browsers import BrowserCalls
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.setting_fields import SettingInvalid
from app.core.settings import WebRtc
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.realtime.transports.webrtc import Peers, Reach
from app.wiring.calling import Calling

PRODUCT = "parley"


def opened_browsers(
    calls: Calls, settings: WebRtc, supervisor: Supervisor, version: str
) -> BrowserCalls:
    reach = Reach(ice_servers(settings), settings.most_calls)
    peers = Peers(reach, supervisor, (PRODUCT, version), utc_now)
    supervisor.keep_running("browsers", peers.run)
    return BrowserCalls(peers, calls.prepare, supervisor)


def opened_casting(calling: Calling, thinking: LlmService, tools: ToolCatalogue) -> Casting:
    return Casting(calling.agents, thinking, tools, utc_now)


def ice_servers(settings: WebRtc) -> list[RTCIceServer]:
    """Raises SettingInvalid: a server that is none would fail every call."""
    servers: list[RTCIceServer] = []
    if settings.stun_url:
        servers.append(RTCIceServer(_checked("PARLEY_STUN_URL", settings.stun_url, ("stun",))))
    if settings.turn_url:
        url = _checked("PARLEY_TURN_URL", settings.turn_url, ("turn", "turns"))
        servers.append(RTCIceServer(url, settings.turn_user, settings.turn_password))
    return servers


def _checked(name: str, url: str, schemes: tuple[str, ...]) -> str:
    try:
        is_right = parse_stun_turn_uri(url)["scheme"] in schemes
    except ValueError:
        is_right = False
    if not is_right:
        raise SettingInvalid(f"{name}: it is no address of {schemes[0]}:host:port", setting=name)
    return url
