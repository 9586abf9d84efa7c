"""The way out, with loopback open to whom a rule lets in."""

from collections.abc import AsyncGenerator

import pytest

from app.core.db import forbid_in_transaction
from app.core.http import OutboundClient


@pytest.fixture
async def outbound() -> AsyncGenerator[OutboundClient]:
    client = OutboundClient(
        forbid_in_transaction=forbid_in_transaction, loopback_can_be_allowed=True
    )
    yield client
    await client.aclose()
