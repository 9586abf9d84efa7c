"""The live feed of an organization over a WebSocket."""

import asyncio
import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.conftest import LiveServer
from tests.api.open_websockets import open_websockets
from tests.scenarios.operator import command


async def test_a_dashboard_sees_what_happens(server: LiveServer) -> None:
    address = server.url.replace("http", "ws") + f"/live?token={server.token}"
    async with connect(address) as dashboard:
        status, _ = command(
            "orgs", "allow", "default", "10.1.2.3", env={"PARLEY_DATA_DIR": server.data_dir}
        )
        assert status == 0
        async with asyncio.timeout(60):
            while (entry := json.loads(await dashboard.recv()))["action"] != "OutboundRuleAdded":
                pass  # what happened as Parley started
    assert entry["details"] == {"rule": "10.1.2.3"}


@pytest.mark.parametrize("query", ["", "?token=wh_wrong"])
async def test_a_dashboard_needs_a_token(server: LiveServer, query: str) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(server.url.replace("http", "ws") + f"/live{query}"):
            pass


async def test_a_dashboard_that_leaves_is_noticed(
    server: LiveServer, client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """It is a WebSocket that is open, and no voice session that is active."""
    async with connect(server.url.replace("http", "ws") + f"/live?token={server.token}"):
        assert await open_websockets(admin) == 1
        assert (await client.get("/status")).json()["active_sessions"] == 0
    async with asyncio.timeout(10):
        while await open_websockets(admin):
            pass
