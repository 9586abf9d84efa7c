"""The v1 family, under /api/v1: every answer in an envelope."""

from typing import Any

from app.api.family import Family, Rate
from app.core.clock import utc_now
from app.core.errors import AppError
from app.core.limits import Limit


def meta(request_id: str) -> dict[str, str]:
    now = utc_now().isoformat(timespec="milliseconds")
    return {"timestamp": now.replace("+00:00", "Z"), "request_id": request_id}


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    return {
        "success": False,
        "error": error.message,
        "details": error.details,
        "meta": meta(request_id),
    }


FAMILY = Family(
    name="v1",
    title="Agents, tasks and calls (v1)",
    description="Agents, tasks and calls in an enveloped REST API.",
    prefixes=("/api/v1",),
    error_body=error_body,
    rate=Rate(Limit(1000, per_s=60), by="token", shows_headers=True),
)
