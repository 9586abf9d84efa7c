"""The voice family, under /api/voice: bare bodies, errors as `{"detail"}`."""

from app.api.family import Family, Rate
from app.core.errors import AppError
from app.core.limits import Limit


def error_body(error: AppError, _request_id: str) -> dict[str, str]:
    return {"detail": error.message}


FAMILY = Family(
    name="voice",
    title="Voice AI",
    description="Outbound and inbound voice calling: agents, flows, customers, calls, webhooks.",
    prefixes=("/api/voice",),
    error_body=error_body,
    rate=Rate(Limit(100, per_s=60), by="address"),
)
