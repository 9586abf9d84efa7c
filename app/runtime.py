"""The built services that adapters may ask for. Holds them, does nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.metrics import Metrics
from app.core.settings import Settings
from app.inference.registry import Registry
from app.tenancy.service import ApiKeys

ReadinessCheck = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Runtime:
    version: str
    started_at: datetime
    settings: Settings
    metrics: Metrics
    models: Registry
    api_keys: ApiKeys
    readiness: Mapping[str, ReadinessCheck]
