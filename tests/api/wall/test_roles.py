"""Who may do what: every route of the product, and who gets past its door. Written by hand from
the documents; a route that is not in the table fails."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.api.wall.routes import Route, ids_of, routes
from tests.api.wall.world import Organization, Person, World, world

ANYBODY = "anonymous outsider guest member admin owner key operator"
SIGNED_IN = "outsider guest member admin owner"
NO_GUEST = "outsider member admin owner"
MEMBERS = "member admin owner"
ADMINS = "admin owner"
OWNER = "owner"
CALLERS = "outsider guest member admin owner key operator"
WITHIN = "member admin owner key operator"
OPERATOR = "operator"
NOBODY = ""
"""But Twilio, whose signature it takes."""
ACTIVE_ADMINS = "guest admin owner"
"""A guest owns the organization that it came with."""

NAMING = "guest member admin owner key operator"
"""Who may name a member of the organization that is knocked at; a guest does in its own."""

WRITERS = "guest admin owner key operator"
WRITERS_WITHIN = "admin owner key operator"

ALLOWED: dict[str, str] = {
    "GET /": ANYBODY,
    "GET /ui/{version}/{asset}": ANYBODY,
    "GET /ready": ANYBODY,
    "GET /health": ANYBODY,
    "GET /status": ANYBODY,
    "GET /openapi": ANYBODY,
    "GET /openapi/{file}": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/{name}": ANYBODY,
    **{f"GET /{service}/health": ANYBODY for service in ("asr", "video", "tts", "bot", "agent")},
    "GET /metrics": OPERATOR,
    "GET /asr/status": CALLERS,
    **{f"GET /asr/{page}": CALLERS for page in ("models", "intents", "languages")},
    "POST /asr/transcribe": CALLERS,
    **{
        f"POST /asr/transcribe/{kind}": CALLERS for kind in ("clean", "raw", "pcm", "long", "batch")
    },
    "POST /asr/transcribe-url": CALLERS,
    "GET /asr/jobs": CALLERS,
    "GET /asr/jobs/{job_id}": WITHIN,
    "DELETE /asr/jobs/{job_id}": WITHIN,
    "POST /asr/jobs/{job_id}/analysis": WITHIN,
    **{f"GET /tts/{page}": CALLERS for page in ("voices", "voices/{voice}/sample", "status")},
    "POST /tts/synthesize": CALLERS,
    "GET /tts/lexicon": CALLERS,
    "PUT /tts/lexicon": "guest admin owner key operator",
    "DELETE /tts/lexicon/{entry_id}": "admin owner key operator",
    "POST /agent/process": NAMING,
    "POST /agent/route/stream": NAMING,
    "POST /agent/voice-agent/chat/stream": NAMING,
    **{
        f"{method} /agent/{page}": CALLERS
        for page in ("history", "preferences")
        for method in ("GET", "DELETE")
    },
    "PUT /agent/preferences": CALLERS,
    "GET /agent/histories": CALLERS,
    "GET /agent/usage": CALLERS,
    **{f"GET {prefix}/live-assist/agents": CALLERS for prefix in ("", "/agent")},
    **{f"POST {prefix}/live-assist/process/stream": CALLERS for prefix in ("", "/agent")},
    "POST /v1/llm-text-summarizer": CALLERS,
    "GET /agent/tools": CALLERS,
    "GET /agent/tools/{tool_name}": WITHIN,
    "PUT /agent/tools/{tool_name}": WRITERS,
    "DELETE /agent/tools/{tool_name}": WRITERS_WITHIN,
    "POST /agent/tools/{tool_name}/try": WRITERS_WITHIN,
    "GET /agent/secrets": CALLERS,
    "PUT /agent/secrets/{secret_name}": WRITERS,
    "DELETE /agent/secrets/{secret_name}": WRITERS_WITHIN,
    # The operator's.
    "POST /auth/tokens": OPERATOR,
    "GET /auth/tokens": OPERATOR,
    "DELETE /auth/tokens/{token_id}": OPERATOR,
    "POST /auth/tokens/{token_id}/rotate": OPERATOR,
    "GET /auth/usage": OPERATOR,
    "GET /auth/usage/summary": OPERATOR,
    "GET /auth/usage/models": OPERATOR,
    "GET /auth/audit": OPERATOR,
    "GET /auth/organizations/{org_id}/quota": OPERATOR,
    "PUT /auth/organizations/{org_id}/quota": OPERATOR,
    "GET /auth/organizations/{org_id}/phone-numbers": OPERATOR,
    "PUT /auth/organizations/{org_id}/phone-numbers/{phone_number}": OPERATOR,
    "DELETE /auth/organizations/{org_id}/phone-numbers/{phone_number}": OPERATOR,
    "GET /api-tokens/validate": ANYBODY,
    # How one comes in.
    "GET /bot/api/auth/config": ANYBODY,
    "POST /bot/api/auth/signup": ANYBODY,
    "POST /bot/api/auth/login": ANYBODY,
    "POST /bot/api/auth/refresh": ANYBODY,
    "POST /bot/api/auth/logout": ANYBODY,
    "POST /bot/api/auth/guest": ANYBODY,
    "POST /bot/api/auth/forgot-password": ANYBODY,
    "POST /bot/api/auth/reset-password": ANYBODY,
    "POST /bot/api/auth/verify-email": ANYBODY,
    "POST /bot/api/auth/resend-verification": ANYBODY,
    "GET /bot/api/auth/google/start": ANYBODY,
    "GET /bot/api/auth/google/callback": ANYBODY,
    "GET /bot/api/invitations/preview": ANYBODY,
    # One's own account.
    "GET /bot/api/auth/me": SIGNED_IN,
    "PATCH /bot/api/auth/me": SIGNED_IN,
    "POST /bot/api/auth/change-password": SIGNED_IN,
    "GET /bot/api/auth/sessions": SIGNED_IN,
    "DELETE /bot/api/auth/sessions": SIGNED_IN,
    "DELETE /bot/api/auth/sessions/{session_id}": MEMBERS,  # of one's own: 404 for another's
    "POST /bot/api/invitations/accept": SIGNED_IN,
    "GET /bot/api/whoami": CALLERS,
    # Organizations: a member sees, an admin manages members and settings, an owner everything.
    "GET /bot/api/orgs": SIGNED_IN,
    "POST /bot/api/orgs": NO_GUEST,
    "GET /bot/api/orgs/active": SIGNED_IN,
    "POST /bot/api/orgs/switch": MEMBERS,
    "GET /bot/api/orgs/{org_id}": MEMBERS,
    "PATCH /bot/api/orgs/{org_id}": ADMINS,
    "DELETE /bot/api/orgs/{org_id}": OWNER,
    "POST /bot/api/orgs/{org_id}/transfer": OWNER,
    "GET /bot/api/orgs/{org_id}/members": MEMBERS,
    "PATCH /bot/api/orgs/{org_id}/members/{user_id}": ADMINS,
    "DELETE /bot/api/orgs/{org_id}/members/{user_id}": MEMBERS,  # a member leaves by it
    "GET /bot/api/orgs/{org_id}/invitations": ADMINS,
    "POST /bot/api/orgs/{org_id}/invitations": ADMINS,
    "DELETE /bot/api/orgs/{org_id}/invitations/{invitation_id}": ADMINS,
    "GET /bot/api/orgs/{org_id}/api-keys": ADMINS,
    "POST /bot/api/orgs/{org_id}/api-keys": ADMINS,
    "DELETE /bot/api/orgs/{org_id}/api-keys/{key_id}": ADMINS,
    "POST /bot/api/orgs/{org_id}/api-keys/{key_id}/rotate": ADMINS,
    "GET /bot/api/orgs/{org_id}/audit": ADMINS,
    "GET /bot/api/orgs/{org_id}/audit/export": ADMINS,
    "GET /bot/api/orgs/{org_id}/quota": MEMBERS,
    "GET /bot/api/agents": CALLERS,
    "POST /bot/api/agents": WRITERS,
    "GET /bot/api/agents/{agent_id}": WITHIN,
    "PATCH /bot/api/agents/{agent_id}": WRITERS_WITHIN,
    "DELETE /bot/api/agents/{agent_id}": WRITERS_WITHIN,
    "GET /bot/api/agents/{agent_id}/versions": WITHIN,
    "GET /bot/api/agents/{agent_id}/versions/{version_id}": WITHIN,
    "POST /bot/api/agents/{agent_id}/versions/{version_id}/rollback": WRITERS_WITHIN,
    "POST /bot/api/agents/{agent_id}/clone": WRITERS_WITHIN,
    "GET /bot/api/customers": CALLERS,
    "POST /bot/api/customers": WRITERS_WITHIN,
    "GET /bot/api/customers/{customer_id}": WITHIN,
    "PATCH /bot/api/customers/{customer_id}": WRITERS_WITHIN,
    "DELETE /bot/api/customers/{customer_id}": WRITERS_WITHIN,
    "POST /bot/api/customers/import": WRITERS,
    "GET /bot/api/customers/settings": CALLERS,
    "PUT /bot/api/customers/settings": WRITERS,
    "POST /bot/api/calls/start": WITHIN,
    "POST /bot/api/bench/agent-turn": WITHIN,
    "GET /bot/api/models/voices": CALLERS,
    **{f"POST /bot/api/models/{kind}": CALLERS for kind in ("chat", "tts", "transcribe")},
    **{f"POST /bot/api/calls/twilio-{told}": NOBODY for told in ("voice", "status", "amd")},
    "GET /bot/api/calls": CALLERS,
    **{
        f"GET /bot/api/calls/{{call_id}}{part}": WITHIN
        for part in ("", "/transcript", "/result", "/audio", "/audio/url")
    },
    "POST /bot/api/calls/{call_id}/end": WITHIN,
    "DELETE /bot/api/calls/{call_id}": WRITERS_WITHIN,
    "GET /bot/api/recordings/{ticket}": ANYBODY,
    "GET /bot/api/ice-servers": CALLERS,
    "POST /bot/api/offer": WITHIN,
    "PATCH /bot/api/offer": ANYBODY,
    "POST /api/v1/session/create": CALLERS,
    "GET /api/v1/session/{voice_session_id}/info": WITHIN,
    "POST /api/v1/session/{voice_session_id}/interrupt": WITHIN,
    # The same in v1: of the active organization where the path names none.
    "GET /api/v1/api-keys": ACTIVE_ADMINS,
    "POST /api/v1/api-keys": ACTIVE_ADMINS,
    "DELETE /api/v1/api-keys/{key_id}": ADMINS,
    "POST /api/v1/api-keys/{key_id}/regenerate": ADMINS,
    "GET /api/v1/organizations": SIGNED_IN,
    "POST /api/v1/organizations": NO_GUEST,
    "GET /api/v1/organizations/{org_id}": MEMBERS,
    "PATCH /api/v1/organizations/{org_id}": ADMINS,
    "GET /api/v1/users": SIGNED_IN,
    "POST /api/v1/users/invite": ACTIVE_ADMINS,
    # The speech APIs of others.
    "POST /v1/audio/transcriptions": CALLERS,
    "POST /v1/audio/translations": CALLERS,
    "POST /v1/audio/speech": CALLERS,
    "GET /v1/audio/voices": CALLERS,
    "POST /v1/listen": CALLERS,
    "POST /agent/transcribe/simple": CALLERS,
    "GET /v1/list-asr-models": CALLERS,
    "POST /v1/conversation/STT": CALLERS,
    "POST /v1/conversation/DiarizeSTT": CALLERS,
}

SAY_401_OF_WHAT_IS_SENT = {"POST /bot/api/auth/login", "POST /bot/api/auth/refresh"}
STRANGERS = ("outsider", "guest")
"""What belongs to the organization that they knock at does not exist for them."""
EVERYBODY = ("anonymous", "outsider", "guest", "member", "admin", "owner", "key", "operator")


@pytest.mark.timeout(600)
async def test_every_route_is_open_to_whom_the_documents_say_and_to_nobody_else(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    wrong: list[str] = []
    async with world(embedded_superuser_url, tmp_path) as parley:
        served = routes(parley.app)
        assert {str(route) for route in served} == set(ALLOWED)
        place = Place(parley)
        for route in served:
            for caller in EVERYBODY:
                may = caller in ALLOWED[str(route)].split()
                status = await answer_to(place, route, caller)
                if may != is_admitted(route, caller, status):
                    wrong.append(f"{caller}: {route} -> {status}")
                if may and route.method != "GET" and status < 400:
                    place.leave(caller)  # what is allowed is done
    assert not wrong, "\n".join(wrong)


@dataclass
class Place:
    """An organization, and who knocks at its doors."""

    parley: World
    _organization: Organization | None = None
    _strangers: dict[str, Person] = field(default_factory=dict)

    async def organization(self) -> Organization:
        self._organization = self._organization or await self.parley.organization()
        return self._organization

    async def person(self, caller: str) -> Person | None:
        if caller == "guest" and caller not in self._strangers:
            self._strangers[caller] = await self.parley.guest()
        if caller == "outsider" and caller not in self._strangers:
            elsewhere = await self.parley.organization()
            self._strangers[caller] = elsewhere.people["member"]
        return self._strangers.get(caller) or (await self.organization()).people.get(caller)

    def leave(self, caller: str) -> None:
        if not self._strangers.pop(caller, None):
            self._organization = None


def is_admitted(route: Route, caller: str, status: int) -> bool:
    assert status < 500 or status == 503, f"{caller}: {route} -> {status}"
    if str(route) in SAY_401_OF_WHAT_IS_SENT:
        return status != 403
    is_hidden = status == 404 and caller in STRANGERS and route.takes_ids
    return status not in {401, 403} and not is_hidden


async def answer_to(place: Place, route: Route, caller: str) -> int:
    organization = await place.organization()
    ids = ids_of(organization)
    token = {"key": organization.key, "operator": place.parley.operator}.get(caller, "")
    async with place.parley.client(person=await place.person(caller), token=token) as client:
        answer = await client.request(
            route.method, route.url(ids), json=route.body(ids) if route.fields else None
        )
    return answer.status_code
