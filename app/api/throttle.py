"""Holds one act of one caller to a limit of its own."""

import time
from dataclasses import dataclass

from app.core.errors import RateLimited
from app.core.limits import Limit
from app.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    limit: Limit


FOUNDING = Act("found organization", Limit(20, per_s=86_400))
PREVIEW = Act("preview invitation", Limit(30, per_s=60))


async def hold_to(runtime: Runtime, act: Act, who: str) -> None:
    taken = await runtime.limiter.take(f"{act.name}:{who}", act.limit)
    if not taken.allowed:
        wait_s = max(1, taken.reset_at - int(time.time()))
        raise RateLimited(f"Rate limit exceeded: {act.limit}", retry_after_s=wait_s)
