"""Tells another service whether a token is one of ours: what a Parley with AUTH_MODE=remote asks.

Whoever asks shows the token, and learns whose it is and no more.
"""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery

from app.api.access import OPEN
from app.api.callers import device_of
from app.core.errors import RateLimited
from app.core.limits import Limit, site_of
from app.runtime import Runtime
from app.tenancy.domain.principals import TokenInvalid

LIMIT = Limit(600, per_s=60)


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    valid: bool
    device_id: str | None = None


@get("/api-tokens/validate", opt=OPEN, cache_control=CacheControlHeader(no_store=True))
async def validate_token(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromQuery[str]
) -> Verdict:
    """Only the keys that are kept here: two services that ask each other would ask for ever."""
    site = site_of(device_of(request).address)
    taken = await runtime.limiter.take(f"GET /api-tokens/validate:{site}", LIMIT)
    if not taken.allowed:
        raise RateLimited(f"Rate limit exceeded: {LIMIT}", retry_after_s=LIMIT.per_s)
    try:
        principal = await runtime.api_keys.authenticate(token)
    except TokenInvalid:
        return Verdict(valid=False)
    return Verdict(valid=True, device_id=principal.user_id)


ROUTES = (validate_token,)
