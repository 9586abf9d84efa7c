"""What takes calls from browsers."""

from aiortc import RTCIceServer

from app.calls.sessions.browsers import BrowserCalls
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.settings import WebRtc
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.realtime.transports.webrtc import Peers, Reach
from app.wiring.calling import Calling

PRODUCT = "parley"


def browser_calls(calls: Calls, peers: Peers, supervisor: Supervisor) -> BrowserCalls:
    supervisor.keep_running("browsers", peers.run)
    return BrowserCalls(peers, calls.prepare, supervisor)


def opened_casting(calling: Calling, thinking: LlmService, tools: ToolCatalogue) -> Casting:
    return Casting(calling.agents, thinking, tools, utc_now)


def opened_peers(settings: WebRtc, supervisor: Supervisor, version: str) -> Peers:
    servers: list[RTCIceServer] = []
    if settings.stun_url:
        servers.append(RTCIceServer(settings.stun_url))
    if settings.turn_url:
        servers.append(RTCIceServer(settings.turn_url, settings.turn_user, settings.turn_password))
    reach = Reach(servers, settings.most_calls)
    return Peers(reach, supervisor, (PRODUCT, version), utc_now)
