"""The gateway family: speech, agents and tokens at the root, behind an API token."""

from app.api.family import Family
from app.api.gateway import (
    agent,
    agent_clients,
    agent_history,
    agent_tools,
    asr,
    asr_jobs,
    asr_models,
    audit,
    auth,
    earlier_clients,
    google,
    invitations,
    keys,
    members,
    organizations,
    quota,
    recovery,
    tts,
    tts_lexicon,
    usage,
    users,
    validation,
    whoami,
)
from app.api.gateway.asr_stream import stream
from app.api.gateway.bodies import error_body
from app.api.gateway.live import live
from app.api.gateway.operations import asr_status, metrics, ready, service_health
from app.api.gateway.tts_stream import tts_stream

FAMILY = Family(
    name="gateway",
    title="Gateway",
    description="Speech recognition, speech, analysis, agents and calls behind one API token.",
    prefixes=("/",),
    error_body=error_body,
    routes=(
        ready,
        metrics,
        asr_status,
        service_health,
        live,
        stream,
        tts_stream,
        *agent.ROUTES,
        *agent_clients.ROUTES,
        *agent_history.ROUTES,
        *agent_tools.ROUTES,
        *asr.ROUTES,
        *asr_jobs.ROUTES,
        *asr_models.ROUTES,
        *audit.ROUTES,
        *auth.ROUTES,
        *earlier_clients.ROUTES,
        *google.ROUTES,
        *invitations.ROUTES,
        *keys.ROUTES,
        *members.ROUTES,
        *organizations.ROUTES,
        *quota.ROUTES,
        *recovery.ROUTES,
        *tts.ROUTES,
        *tts_lexicon.ROUTES,
        *usage.ROUTES,
        *users.ROUTES,
        *validation.ROUTES,
        *whoami.ROUTES,
    ),
)
