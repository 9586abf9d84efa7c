"""Calls from browsers: their offers, as the Pipecat client for browsers makes them, and the
candidates that follow."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody

from app.api.access import CALL, OPEN
from app.api.family import RouteRate
from app.api.gateway.asr_answers import NotAppliedAnswer
from app.api.thinking import thinking_scope
from app.calls.sessions.browsers import BrowserOffer
from app.core.limits import Limit
from app.core.scope import OrgScope
from app.realtime.transports.signalling import Candidate
from app.runtime import Runtime

PATH = "/bot/api/offer"
CALLER = {"tenant": Provide(thinking_scope, sync_to_thread=False)}
RATES = (
    RouteRate("POST", PATH, Limit(60, per_s=60)),
    RouteRate("PATCH", PATH, Limit(600, per_s=60)),
)

PeerId = Annotated[str, msgspec.Meta(max_length=100, pattern="^[!-~]*$")]
_NO_AVATAR = NotAppliedAnswer("avatar", "no avatar is drawn here; the call goes on without")


class WhomToCall(msgspec.Struct, frozen=True, kw_only=True):
    agent_id: UUID | None = None
    customer_id: UUID | None = None


class Offer(WhomToCall, frozen=True, kw_only=True):
    """Agent and customer stand here or in `requestData`. `pc_id`: of a call that goes on; with
    `restart_pc` over a new connection."""

    sdp: str
    type: Literal["offer"]
    peer: PeerId | None = msgspec.field(default=None, name="pc_id")
    restart_pc: bool | None = None
    request_data: WhomToCall | None = msgspec.field(default=None, name="requestData")

    def asked(self, has_video: bool | None) -> BrowserOffer:
        inner = self.request_data or WhomToCall()
        return BrowserOffer(
            sdp=self.sdp,
            agent_id=self.agent_id or inner.agent_id,
            customer_id=self.customer_id or inner.customer_id,
            peer_id=self.peer,
            restarts=bool(self.restart_pc),
            has_video=has_video,
        )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`not_applied`: what was asked for and cannot be had here."""

    sdp: str
    type: Literal["answer"] = "answer"
    pc_id: str
    not_applied: list[NotAppliedAnswer]


class SentCandidate(msgspec.Struct, frozen=True):
    """An empty one says that no more come."""

    candidate: str
    sdp_mid: str | None = None
    sdp_mline_index: int | None = None


class Candidates(msgspec.Struct, frozen=True):
    peer: PeerId = msgspec.field(name="pc_id")
    candidates: list[SentCandidate]


class Taken(msgspec.Struct, frozen=True):
    status: Literal["success"] = "success"


class IceServerAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    urls: str
    username: str | None = None
    credential: str | None = None


class IceServersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """As the constructor of `RTCPeerConnection` takes it, and `iceConfig` of the Pipecat client."""

    ice_servers: list[IceServerAnswer] = msgspec.field(name="iceServers")


@get("/bot/api/ice-servers", opt=CALL, response_headers={"cache-control": "no-store"})
async def ice_servers(runtime: NamedDependency[Runtime]) -> IceServersAnswer:
    """What a browser may ask to be reached through. Credentials hold for a day where the relay
    shares a secret with us."""
    servers = [
        IceServerAnswer(urls=server.url, username=server.user, credential=server.password)
        for server in runtime.calling.browsers.ice_servers()
    ]
    return IceServersAnswer(ice_servers=servers)


@post(PATH, opt=CALL, dependencies=CALLER, status_code=200)
async def offer(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[Offer],
    video: FromQuery[bool | None] = None,
    avatar: FromQuery[str | None] = None,
    avatar_face_id: FromQuery[str | None] = None,
) -> Answer:
    """Begins a call with an agent, or goes on with one over other addresses."""
    answer = await runtime.calling.browsers.answer(tenant, data.asked(video))
    not_applied = [_NO_AVATAR] if avatar or avatar_face_id else []
    return Answer(sdp=answer.sdp, pc_id=answer.peer_id, not_applied=not_applied)


@patch(PATH, opt=OPEN)
async def add_candidates(runtime: NamedDependency[Runtime], data: JSONBody[Candidates]) -> Taken:
    """More ways to reach the browser, as it finds them. `pc_id` is known to nobody else."""
    candidates = [
        Candidate(sent.candidate, sent.sdp_mid, sent.sdp_mline_index) for sent in data.candidates
    ]
    runtime.calling.browsers.add_candidates(data.peer, candidates)
    return Taken()


ROUTES = (ice_servers, offer, add_candidates)
