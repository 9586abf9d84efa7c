"""`parley bench auth`: what a token costs, against the open route of the same server."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import uvloop

from app import VERSION, wiring
from app.bench.web import OPEN_REQUEST, ROUNDS, line, peer, requests_per_s
from app.core import settings as declared
from app.core.scope import OrgScope
from app.wiring import Foundation

CHECKS = 1000


def run() -> Iterator[str]:
    with peer("parley") as (port, token):
        yield "requests/s: " + uvloop.run(_requests(port, token))
    with TemporaryDirectory() as folder:
        yield uvloop.run(_checks(folder))


async def _requests(port: int, token: str) -> str:
    head = f"GET /bench/token HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
    guarded: list[float] = []
    anonymous: list[float] = []
    for _ in range(ROUNDS):
        guarded.append(await requests_per_s(port, head.encode()))
        anonymous.append(await requests_per_s(port, OPEN_REQUEST))
    return line("with a token", "without", guarded, anonymous)


async def _checks(data_dir: str) -> str:
    """A process that does not hear of changes asks the database each time."""
    settings = declared.load({"PARLEY_DATA_DIR": data_dir})
    async with wiring.foundation(settings, VERSION) as base, asyncio.TaskGroup() as group:
        organization = await base.organizations.create("Bench", actor="bench")
        token = await base.api_keys.renew_admin(OrgScope(organization.id, "bench"))
        asked_us = await _check_us(base, token)
        listener = group.create_task(base.notices.run())
        while not base.notices.is_listening:  # noqa: ASYNC110 - a fact of a connection
            await asyncio.sleep(0)
        known_us = await _check_us(base, token)
        listener.cancel()
    return (
        f"key check p50: known {known_us:.1f} us, from the database {asked_us:.0f} us, "
        f"ratio {known_us / asked_us:.4f}"
    )


async def _check_us(base: Foundation, token: str) -> float:
    times_us: list[float] = []
    for _ in range(CHECKS):
        started_s = time.perf_counter()
        await base.api_keys.authenticate(token)
        times_us.append((time.perf_counter() - started_s) * 1e6)
    return statistics.median(times_us)
