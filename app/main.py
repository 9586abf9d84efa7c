"""The application: mounts the API families. Builds no service."""

from dataclasses import replace
from typing import cast

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from app import admin
from app.api import gateway, session, v1, voice
from app.api.access import OPEN, check_access, require_access_said
from app.api.asgi import AsgiApp
from app.api.compat import deepgram, openai
from app.api.cors import Cors
from app.api.edge import Edge
from app.api.errors import exception_handlers
from app.api.family import Family, FamilyMap, Rate
from app.api.limits import RateLimits
from app.api.openapi import documentation_routes
from app.api.strict_json import StrictRequest
from app.core.limits import Limit
from app.core.settings import Server
from app.runtime import Runtime

FAMILIES: tuple[Family, ...] = (
    gateway.FAMILY,
    voice.FAMILY,
    v1.FAMILY,
    session.FAMILY,
    openai.FAMILY,
    deepgram.FAMILY,
)
MIB = 1024 * 1024


def create_app(runtime: Runtime, families: tuple[Family, ...] = FAMILIES) -> Edge:
    server = runtime.settings.server
    family_map = FamilyMap([_as_set(family, server) for family in families])
    app = Litestar(
        route_handlers=[
            *(route for family in families for route in family.routes),
            *documentation_routes(families, runtime.version),
            *admin.routes(OPEN),
        ],
        dependencies={"runtime": Provide(lambda: runtime, sync_to_thread=False)},
        before_request=check_access,
        request_class=StrictRequest,
        exception_handlers=exception_handlers(family_map),
        request_max_body_size=server.max_body_mb * MIB,
        openapi_config=None,
        logging_config=None,
        state=State({"runtime": runtime}),
    )
    require_access_said(app)
    limited = RateLimits(cast("AsgiApp", app), family_map, runtime.limiter)
    origins = frozenset(origin.strip().encode() for origin in server.frontend_url.split(","))
    return Edge(limited, Cors(limited, origins), family_map, runtime)


def _as_set(family: Family, server: Server) -> Family:
    """No document says the gateway's rate: it is a setting."""
    if family.name != gateway.FAMILY.name or not server.gateway_rate_per_minute:
        return family
    return replace(family, rate=Rate(Limit(server.gateway_rate_per_minute, 60), by="token"))
