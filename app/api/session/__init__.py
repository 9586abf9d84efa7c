"""The session family: one voice session a WebSocket, and bare /health and /status."""

from app.api.family import Family
from app.api.session import routes
from app.api.session.bodies import error_body
from app.api.session.stream import stream

FAMILY = Family(
    name="session",
    title="Voice sessions",
    description="Real-time voice sessions over WebSocket with REST control.",
    prefixes=("/api/v1/session", "/stream", "/health", "/status"),
    error_body=error_body,
    routes=(*routes.ROUTES, stream),
)
