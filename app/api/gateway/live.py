"""The live feed of an organization, for dashboards: what happens now, with no promise of more."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.handlers import (
    send_websocket_stream,  # pyright: ignore[reportUnknownVariableType]
)

from app.api.callers import caller_of
from app.core.feed.port import Subscription, topic
from app.runtime import Runtime
from app.tenancy.domain.audit import AUDIT_FEED


@websocket("/live")
async def live(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Sends each entry of the audit log as it is written."""
    org_id = (await caller_of(socket)).org_id
    async with runtime.feed.subscribe(topic(org_id, AUDIT_FEED)) as messages:
        await socket.accept()
        await send_websocket_stream(
            socket, _texts(messages), listen_for_disconnect=True, warn_on_data_discard=False
        )


async def _texts(messages: Subscription) -> AsyncGenerator[str]:
    async for message in messages:
        yield message.body.decode()
