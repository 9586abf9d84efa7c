"""The built services that adapters may ask for. Holds them, does nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.db import Database
from app.core.feed.port import Feed
from app.core.limits import Limiter
from app.core.metrics import Metrics
from app.core.presence import Presence
from app.core.settings import Settings
from app.core.tracing import Tracing
from app.inference.registry import ModelRegistry
from app.tenancy.keys import ApiKeys
from app.tenancy.sessions import Sessions
from app.tenancy.usage import UsageMeter

ReadinessCheck = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Runtime:
    version: str
    started_at: datetime
    settings: Settings
    metrics: Metrics
    tracing: Tracing
    presence: Presence
    feed: Feed
    limiter: Limiter
    models: ModelRegistry
    database: Database
    api_keys: ApiKeys
    sessions: Sessions
    usage: UsageMeter
    readiness: Mapping[str, ReadinessCheck]
