"""What takes calls from browsers."""

from aiortc import RTCIceServer

from app.asr.streaming import StreamService
from app.calls.sessions.browsers import BrowserCalls
from app.calls.sessions.casting import Casting
from app.calls.sessions.conductor import Conductor
from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.db import Database
from app.core.settings import WebRtc
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.realtime.transports.webrtc import Peers, Reach
from app.wiring.calling import Calling

PRODUCT = "parley"


def browser_calls(
    database: Database,
    calling: Calling,
    casting: Casting,
    streams: StreamService,
    peers: Peers,
    supervisor: Supervisor,
) -> BrowserCalls:
    supervisor.keep_running("browsers", peers.run)
    conductor = Conductor(database, calling.agents, calling.customers, casting, streams)
    return BrowserCalls(peers, conductor.prepare, supervisor)


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
