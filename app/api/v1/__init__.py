"""The v1 family, under /api/v1: every answer in an envelope."""

from typing import Any

import msgspec

from app.api.family import Family, Rate
from app.api.v1 import api_keys, organizations, users
from app.api.v1.envelope import meta
from app.core.errors import AppError
from app.core.limits import Limit


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    return {
        "success": False,
        "error": error.message,
        "details": error.details,
        "meta": msgspec.structs.asdict(meta(request_id)),
    }


FAMILY = Family(
    name="v1",
    title="Agents, tasks and calls (v1)",
    description="Agents, tasks and calls in an enveloped REST API.",
    prefixes=("/api/v1",),
    error_body=error_body,
    routes=(*api_keys.ROUTES, *organizations.ROUTES, *users.ROUTES),
    rate=Rate(Limit(1000, per_s=60), by="token", shows_headers=True),
)
