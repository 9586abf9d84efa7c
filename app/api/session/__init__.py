"""The session family: one voice session a WebSocket, and bare /health and /status."""

from typing import Any

from app.api.family import Family
from app.api.session.routes import health, status
from app.core.errors import AppError


def error_body(error: AppError, _request_id: str) -> dict[str, Any]:
    return {"error": error.message}


FAMILY = Family(
    name="session",
    title="Voice sessions",
    description="Real-time voice sessions over WebSocket with REST control.",
    prefixes=("/api/v1/session", "/stream", "/health", "/status"),
    error_body=error_body,
    routes=(health, status),
)
