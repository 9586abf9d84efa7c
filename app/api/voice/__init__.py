"""The voice family, under /api/voice: bare bodies, errors as `{"detail"}`."""

from app.api.family import Family, Rate
from app.api.voice.rates import DEFAULT, PREFIX, ROUTE_RATES
from app.core.errors import AppError


def error_body(error: AppError, _request_id: str) -> dict[str, str]:
    return {"detail": error.message}


FAMILY = Family(
    name="voice",
    title="Voice AI",
    description="Outbound and inbound voice calling: agents, flows, customers, calls, webhooks.",
    prefixes=(PREFIX,),
    error_body=error_body,
    rate=Rate(DEFAULT, by="address"),
    route_rates=ROUTE_RATES,
)
