"""The table of rates that ends the voice family's document."""

from app.api.family import RouteRate
from app.core.limits import Limit

PREFIX = "/api/voice"

_PER_MINUTE = {
    "POST /flows/{uuid}/launch": 5,
    "POST /flows/{uuid}/stop": 5,
    "POST /customers/bulk": 10,
    "POST /customers/import": 5,
    "POST /customers": 60,
    "PATCH /customers/{uuid}": 60,
    "POST /models/speakers": 5,
    "POST /models/speakers/{name}/deploy": 5,
    "POST /models/speakers/{name}/dataset/sample": 30,
    "POST /calls/{uuid}/transfer": 10,
    "POST /calls/{uuid}/end": 10,
    "GET /calls/agent-availability": 30,
    "POST /calls/{uuid}/metadata": 30,
    "POST /webhooks": 20,
    "POST /agents": 20,
    "POST /flows": 20,
}

DEFAULT = Limit(100, per_s=60)


def _route_rate(route: str, count: int) -> RouteRate:
    method, path = route.split()
    return RouteRate(method, PREFIX + path, Limit(count, per_s=60))


ROUTE_RATES = tuple(_route_rate(route, count) for route, count in _PER_MINUTE.items())
