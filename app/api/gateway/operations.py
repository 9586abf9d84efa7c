"""What operators ask: is it ready, what does it measure, what has it loaded."""

import asyncio
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency

from app.api.access import ADMIN, OPEN, TOKEN
from app.core.clock import utc_now
from app.core.errors import AppError
from app.core.metrics import CONTENT_TYPE
from app.runtime import ReadinessCheck, Runtime

_CHECK_TIMEOUT_S = 5
SERVICES = ("asr", "video", "tts", "bot", "agent")


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    checks: dict[str, str]


class LoadedModel(msgspec.Struct, frozen=True):
    id: str
    memory_bytes: int
    leases: int
    device: str


class AsrStatus(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    uptime_s: float
    models: list[LoadedModel]
    memory_bytes: int
    memory_budget_bytes: int
    status: str = "running"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    version: str
    timestamp: datetime
    status: Literal["healthy"] = "healthy"


@get([f"/{service}/health" for service in SERVICES], opt=OPEN)
async def service_health(
    runtime: NamedDependency[Runtime], request: Request[Any, Any, Any]
) -> Health:
    """One process serves them all: each service is as alive as the others."""
    service = request.url.path.split("/")[1]
    return Health(service=service, version=runtime.version, timestamp=utc_now())


@get("/ready", opt=OPEN)
async def ready(runtime: NamedDependency[Runtime]) -> Response[Readiness]:
    """200 when requests can be served, 503 with the reason when they cannot."""
    checks = dict(
        await asyncio.gather(*(_checked(name, run) for name, run in runtime.readiness.items()))
    )
    is_ready = all(answer == "ok" for answer in checks.values())
    return Response(Readiness(is_ready, checks), status_code=200 if is_ready else 503)


@get("/metrics", opt=ADMIN, media_type=CONTENT_TYPE)
async def metrics(runtime: NamedDependency[Runtime]) -> Response[bytes]:
    """Prometheus text; scrape it with the admin token."""
    return Response(runtime.metrics.render(), media_type=CONTENT_TYPE)


@get("/asr/status", opt=TOKEN)
async def asr_status(runtime: NamedDependency[Runtime]) -> AsrStatus:
    """Loaded models, memory, uptime."""
    report = runtime.models.snapshot()
    return AsrStatus(
        version=runtime.version,
        uptime_s=(utc_now() - runtime.started_at).total_seconds(),
        models=[
            LoadedModel(model.id, model.memory_bytes, model.leases, model.device or "")
            for model in report.models
            if model.loaded
        ],
        memory_bytes=report.used_bytes,
        memory_budget_bytes=report.budget_bytes,
    )


async def _checked(name: str, run: ReadinessCheck) -> tuple[str, str]:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await run()
    except TimeoutError:
        return name, f"no answer within {_CHECK_TIMEOUT_S} s"
    except AppError as error:
        return name, error.message
    return name, "ok"
