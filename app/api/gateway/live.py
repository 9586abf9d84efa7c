"""The live feed of an organization, for dashboards: what happens now, with no promise of more."""

from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from app.api.tokens import organization_of
from app.core.feed.port import topic
from app.runtime import Runtime
from app.tenancy.domain import AUDIT_FEED


@websocket("/live")
async def live(socket: WebSocket[Any, Any, Any], runtime: Runtime) -> None:
    """Sends each entry of the audit log as it is written."""
    org_id = await organization_of(socket)
    async with runtime.feed.subscribe(topic(org_id, AUDIT_FEED)) as messages:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            async for message in messages:
                await socket.send_text(message.body.decode())
