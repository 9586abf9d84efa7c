"""What a Parley says of its open WebSockets."""

import re

import httpx


async def open_websockets(admin: httpx.AsyncClient) -> int:
    shown = (await admin.get("/metrics")).text
    found = re.search(r"^parley_open_websockets ([\d.]+)$", shown, re.MULTILINE)
    assert found
    return int(float(found[1]))
