"""A call whose record is deleted while it is held, as where its organization is deleted."""

import asyncio
from pathlib import Path

import pytest

from app.calls.sessions import calls, store
from app.calls.sessions.conducting import Held
from app.core.aio import TaskScope
from tests.integration.calls.desk import desk


async def test_it_is_hung_up_and_holds_up_neither_other_calls_nor_who_stops_parley(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_LOOK_S", 0.05)
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        agent_id = await it.agent()
        gone, stays = [await it.rings(agent_id) for _ in range(2)]
        async with (
            it.calling(gone) as (line, holding),
            it.calling(stays) as (other, other_holding),
            TaskScope() as scope,
        ):
            await line.until("listening", times=2)
            await other.until("listening", times=2)
            async with it.runtime.database.transaction(it.scope) as tx:
                await store.remove(tx, [gone])
            looking = scope.spawn("calls", it.calls.run())
            async with asyncio.timeout(20):
                assert isinstance(await holding, Held)
                await it.calls.end(it.scope, stays)
                await other_holding
                await it.calls.drain(0)
            assert not looking.done()
            looking.cancel()
        call, _ = await it.record(stays)
        assert call.ended_reason == "ended_by_user"


async def test_it_is_over_when_its_caller_hangs_up(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.rings(await it.agent())
        async with it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            async with it.runtime.database.transaction(it.scope) as tx:
                await store.remove(tx, [call_id])
            await line.close()
            assert isinstance(await holding, Held)
        async with asyncio.timeout(20):
            await it.calls.drain(0)
