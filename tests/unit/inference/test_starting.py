"""What is said while models are being loaded."""

import asyncio

import pytest

from app.core.errors import Unavailable
from app.inference.starting import Starting


async def test_it_is_over_when_all_is_loaded() -> None:
    starting, speaks = Starting(), asyncio.Event()
    starting.check()
    async with asyncio.TaskGroup() as group:
        speaking = group.create_task(speaks.wait(), name="speech")
        starting.wait_for(speaking)
        over = group.create_task(starting.over())
        with pytest.raises(Unavailable, match="Parley is starting: speech"):
            starting.check()
        speaks.set()
        await speaking
        await over
    starting.check()
