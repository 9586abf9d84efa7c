"""Calls from browsers, one after the other, leave nothing behind."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import pytest

from app.bench.holding import Holding, holding
from app.calls.sessions import admission
from app.calls.sessions.browsers import BrowserOffer
from app.calls.sessions.domain import CallsRefused
from app.core.scope import OrgScope
from app.runtime import Runtime
from tests.api.wall.world import world
from tests.browser_peer import browser

CALLS = 20
WARM_UP = 3
GRAPH: Mapping[str, Any] = {
    "name": "thanks",
    "languages": ["en"],
    "start": "ask",
    "slots": {"said": {"capture": {"kind": "text"}}},
    "states": {
        "ask": {"asks": "said", "say": {"en": ["Yes?"]}, "next": [{"to": "bye"}]},
        "bye": {"say": {"en": ["Thank you."]}, "ends": "thanked"},
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "nothing said"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}


async def call(runtime: Runtime, scope: OrgScope, agent_id: UUID) -> None:
    """Until the agent has hung up."""
    async with browser() as caller:
        offer = BrowserOffer(sdp=await caller.offer(), agent_id=agent_id)
        await caller.accept(await answered(runtime, scope, offer))
        await caller.opened()
        caller.send("client-ready", {"version": "2.1.0"})
        await caller.told("bot-started-speaking")
        caller.send("send-text", {"content": "That is all."})
        assert (await caller.told("signalling"))["message"] == {"type": "peerLeft"}


async def answered(runtime: Runtime, scope: OrgScope, offer: BrowserOffer) -> str:
    """Once the call before has made room."""
    async with asyncio.timeout(60):
        while True:
            with suppress(CallsRefused):
                return (await runtime.calling.browsers.answer(scope, offer)).sdp
            await asyncio.sleep(0.1)


async def settled() -> Holding:
    """Once no call is under way."""
    async with asyncio.timeout(60):
        while (held := holding()).calls:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.1)
    return held


@pytest.mark.timeout(400)
async def test_twenty_calls_leave_no_task_file_or_peer(
    embedded_superuser_url: str, tmp_path: Path
) -> None:
    busy = mock.patch.object(admission, "MOST_LAG_S", 60)  # what else runs here is no matter
    with busy:
        async with world(embedded_superuser_url, tmp_path, VARIANT="en-tiny") as parley:
            runtime = parley.runtime
            scope = OrgScope((await parley.organization()).id, "test")
            fields = {"name": "Thanks", "graph": GRAPH, "behavior": {"silence": {"enabled": False}}}
            agent_id = (await runtime.calling.agents.create(scope, fields)).id
            for _ in range(WARM_UP):
                await call(runtime, scope, agent_id)
            before = await settled()
            for _ in range(CALLS):
                await call(runtime, scope, agent_id)
            after = await settled()
    few = 3
    """What a pool of connections or a worker's look at its queue may add."""
    assert after.tasks <= before.tasks + few
    assert after.files <= before.files + few
    assert after.sockets <= before.sockets + few
    assert (after.peers, after.connections, after.calls, after.sessions) == (0, 0, 0, 0)
