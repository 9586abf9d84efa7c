"""The gateway family: speech, agents and tokens at the root, behind an API token."""

from typing import Any

from app.api.family import Family
from app.api.gateway import auth, usage
from app.api.gateway.live import live
from app.api.gateway.operations import asr_status, metrics, ready, service_health
from app.core.errors import AppError


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"error": error.message, "code": error.code, "request_id": request_id}
    return body | ({"details": error.details} if error.details else {})


FAMILY = Family(
    name="gateway",
    title="Gateway",
    description="Speech recognition, speech, analysis, agents and calls behind one API token.",
    prefixes=("/",),
    error_body=error_body,
    routes=(ready, metrics, asr_status, service_health, live, *auth.ROUTES, *usage.ROUTES),
)
