"""A whole Parley with the real recognizer, an organization in it, and a site it may reach."""

import asyncio
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np

from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, stream_audio
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.usage import days_ago
from tests.api.recordings import LONGER
from tests.api.wall.world import World, world
from tests.integration.core.http.internet import Reply, Site

OVER = {"done", "failed", "cancelled"}
TINY = {"model": "en-tiny"}
REACHES_LOOPBACK = {"PARLEY_LOOPBACK_CAN_BE_ALLOWED": "true"}
Take = Callable[[dict[str, Any]], bool]


@dataclass
class Bank:
    """An organization, and its client."""

    scope: OrgScope
    client: httpx.AsyncClient
    runtime: Runtime
    data_dir: Path

    @property
    def uploads(self) -> list[Path]:
        folder = self.data_dir / "asr-jobs"
        return list(folder.iterdir()) if folder.is_dir() else []

    async def allow(self, site: Site) -> str:
        """Where it then reaches the site."""
        async with self.runtime.database.transaction(self.scope) as tx:
            await self.runtime.outbound_rules.add(tx, f"127.0.0.1:{site.port}")
        return f"http://127.0.0.1:{site.port}"

    async def queue(self, sound: bytes, path: str = "/asr/transcribe", **fields: str) -> str:
        form = TINY | {"async": "true"} | fields
        answer = await self.client.post(path, files={"file": ("a", sound)}, data=form)
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert answer.headers["location"] == job["status_url"] == f"/asr/jobs/{job['job_id']}"
        return str(job["job_id"])

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/asr/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def until(self, job_id: str, take: Take, within_s: float = 60) -> dict[str, Any]:
        job = await self.job(job_id)
        async with asyncio.timeout(within_s):
            while not take(job):
                await asyncio.sleep(0.05)
                job = await self.job(job_id)
        return job

    async def until_over(self, job_id: str, within_s: float = 60) -> dict[str, Any]:
        return await self.until(job_id, lambda job: job["status"] in OVER, within_s)

    async def counted(self) -> list[tuple[str, float]]:
        """Where seconds of audio were counted, and how many."""
        await self.runtime.usage.flush()
        async with self.runtime.database.transaction(self.scope) as tx:
            sums = await self.runtime.usage.sums(tx, since=days_ago(1))
        return [(each.endpoint, each.amounts.audio_s) for each in sums if each.amounts.audio_s]


@asynccontextmanager
async def banking(parley: World, data_dir: Path) -> AsyncGenerator[Bank]:
    runtime = parley.runtime
    made = await runtime.organizations.create(f"Bank {uuid4()}", actor="test")
    scope = OrgScope(made.id, "test")
    async with runtime.database.transaction(scope) as tx:
        _, token = await runtime.api_keys.create(
            tx, NewApiKey(user_id="app", label="", expires_at=None)
        )
    async with parley.client(token=token) as client:
        yield Bank(scope, client, runtime, data_dir)


@asynccontextmanager
async def bank(url: str, data_dir: Path, **settings: str) -> AsyncGenerator[Bank]:
    async with world(url, data_dir, **settings) as parley, banking(parley, data_dir) as one:
        yield one


async def until_so(is_so: Callable[[], bool], within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


@asynccontextmanager
async def site(**replies: Reply) -> AsyncGenerator[Site]:
    """On loopback; the names are paths."""
    started = await Site({f"/{name}": reply for name, reply in replies.items()}).start()
    try:
        yield started
    finally:
        await started.stop()


def in_turn(*replies: bytes) -> Callable[[Any, asyncio.StreamWriter], Awaitable[None]]:
    """A behaviour of a site: one answer after the other, each on a connection of its own."""
    left = list(replies)

    async def reply(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0))
        await writer.drain()

    return reply


@cache
def speech(seconds: float) -> bytes:
    """A WAV of somebody who says the same over and over."""
    with stream_audio(LONGER, sample_rate=16_000, limits=DecodeLimits(60, 60)) as stream:
        once = np.concatenate(list(stream))
    count = round(seconds * 16_000)
    sound = np.tile(once, count // once.size + 1)[:count]
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(16_000)
        written.writeframes(int16_from_float(sound).tobytes())
    return file.getvalue()
