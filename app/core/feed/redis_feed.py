"""The live feed across processes, over Redis or Valkey pub/sub; nothing is stored there.

Subscribers of this process are served directly, whether or not the server can be reached.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.aio import Backoff, Channel, TaskScope
from app.core.feed.local import LocalFeed
from app.core.feed.port import Message, Subscription, Topic, encoded
from app.core.metrics import Metrics

log = logging.getLogger(__name__)

_ORIGIN_BYTES = 8
_BATCH = 128
_BACKLOG = 4096

Received = dict[str, Any]


class _LinkSilent(OSError):
    """Nothing came for two heartbeats, not even the answer to a ping."""


class RedisFeed:
    """Two connections per process, one that listens and one that publishes, kept up by `run`.

    A message carries the process that sent it, which has served its own subscribers already.
    """

    def __init__(
        self,
        url: str,
        metrics: Metrics,
        *,
        prefix: str = "parley",
        capacity: int = 256,
        heartbeat_s: float = 5.0,
    ) -> None:
        parse_url(url)  # a malformed one stops the start, not the first connection
        self._url = url
        self._prefix = f"{prefix}:feed:".encode()
        self._heartbeat_s = heartbeat_s
        self._drops = metrics.feed_drops
        self._local = LocalFeed(metrics, capacity=capacity)
        self._origin = secrets.token_bytes(_ORIGIN_BYTES)
        self._outgoing = Channel[tuple[Topic, bytes]](_BACKLOG)
        self._wanted = asyncio.Event()  # set when topics were taken up, left or confirmed
        self._confirmed: set[Topic] = set()
        self._progress = asyncio.Event()  # replaced each time it is set: wakes all, once
        self._linked = asyncio.Event()

    @property
    def is_linked(self) -> bool:
        """Whether other processes are heard and reached now."""
        return self._linked.is_set()

    async def linked(self) -> None:
        await self._linked.wait()

    def publish(self, topic: Topic, message: Message) -> None:
        body = encoded(message)
        self._local.publish(topic, body)
        if not self.is_linked:
            self._drops.labels("outage").inc()
            return
        while not self._outgoing.try_send((topic, body)):
            self._outgoing.try_receive()
            self._drops.labels("backlog").inc()

    @asynccontextmanager
    async def subscribe(self, *topics: Topic) -> AsyncGenerator[Subscription, None]:
        try:
            async with self._local.subscribe(*topics) as subscription:
                self._wanted.set()
                await self._until_confirmed(subscription.topics)
                yield subscription
        finally:
            self._wanted.set()

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`: link, and link again whenever that is lost."""
        backoff = Backoff(most_s=5)
        reported = False
        while True:
            began = time.monotonic()
            try:
                await self._link()
            except (RedisError, OSError) as error:
                if self.is_linked or not reported:
                    log.warning("the live feed does not reach other processes: %r", error)
                reported = True
            finally:
                self._unlink()
            await asyncio.sleep(backoff.next_s(ran_s=time.monotonic() - began))

    async def _link(self) -> None:
        client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
            self._url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            # Its timeout is asyncio.wait_for, which in Python 3.11 may swallow a cancellation.
            socket_timeout=None,
        )
        async with client, client.pubsub() as listener:  # pyright: ignore[reportUnknownMemberType]
            async with asyncio.timeout(self._heartbeat_s):
                await client.ping()  # pyright: ignore[reportUnknownMemberType]
                topics = set(self._local.topics)
                # Confirmed in this order: the bare prefix says that all topics are heard.
                await listener.subscribe(*map(self._channel, topics), self._prefix)
            async with TaskScope() as scope:
                scope.spawn("feed listen", self._listen(listener))
                scope.spawn("feed follow", self._follow(listener, topics))
                scope.spawn("feed send", self._send(client))

    def _unlink(self) -> None:
        self._linked.clear()
        self._confirmed.clear()
        self._advance()
        while self._outgoing.try_receive():
            self._drops.labels("outage").inc()

    async def _listen(self, listener: PubSub) -> None:
        pinged = False
        while True:
            received = cast(
                "Received | None", await listener.get_message(timeout=self._heartbeat_s)
            )
            if received is not None:
                pinged = False
                self._take(received)
            elif pinged:
                raise _LinkSilent("the server does not answer")
            else:
                pinged = True
                await listener.ping()  # pyright: ignore[reportUnknownMemberType]

    def _take(self, message: Received) -> None:
        kind, channel, data = message["type"], message["channel"], message["data"]
        if kind == "message":
            if not data.startswith(self._origin):
                self._local.publish(self._topic(channel), data[_ORIGIN_BYTES:])
        elif kind == "subscribe" and channel == self._prefix:
            self._linked.set()
            log.info("the live feed reaches other processes")
        elif kind == "subscribe":
            self._confirmed.add(self._topic(channel))
            self._wanted.set()
            self._advance()

    async def _follow(self, listener: PubSub, following: set[Topic]) -> None:
        """Ask the server for what local subscribers want.

        A topic is left only after its confirmation came, so that no late one is taken for the
        confirmation of a later subscription.
        """
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            wanted = set(self._local.topics)
            taken_up = wanted - following
            left = (following - wanted) & self._confirmed
            following = following - left | taken_up
            self._confirmed -= left
            if taken_up:
                await listener.subscribe(*map(self._channel, taken_up))
            if left:
                await listener.unsubscribe(*map(self._channel, left))  # pyright: ignore[reportUnknownMemberType]

    async def _send(self, client: Redis) -> None:
        async for first in self._outgoing:
            batch = [first]
            while len(batch) < _BATCH and (more := self._outgoing.try_receive()):
                batch.append(more)
            sent = False
            try:
                async with (
                    asyncio.timeout(self._heartbeat_s),
                    client.pipeline(transaction=False) as pipeline,
                ):
                    for topic, body in batch:
                        pipeline.publish(self._channel(topic), self._origin + body)  # pyright: ignore[reportUnknownMemberType]
                    await pipeline.execute()
                sent = True
            finally:
                if not sent:
                    self._drops.labels("outage").inc(len(batch))

    async def _until_confirmed(self, topics: frozenset[Topic]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat_s):
                while self.is_linked and not topics <= self._confirmed:
                    await self._progress.wait()

    def _advance(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    def _channel(self, topic: Topic) -> bytes:
        return self._prefix + topic.encode(errors="surrogatepass")

    def _topic(self, channel: bytes) -> Topic:
        return Topic(channel[len(self._prefix) :].decode(errors="surrogatepass"))
