"""The live feed within one process."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from app.core.feed.port import FeedMessage, Message, Subscription, Topic, encoded
from app.core.metrics import Metrics


class LocalFeed:
    def __init__(self, metrics: Metrics, *, capacity: int = 256) -> None:
        self._drops = metrics.feed_drops.labels("slow subscriber")
        self._capacity = capacity
        self._subscriptions: dict[Topic, set[Subscription]] = {}

    @property
    def topics(self) -> Iterable[Topic]:
        """Those that somebody listens to."""
        return self._subscriptions.keys()

    def publish(self, topic: Topic, message: Message) -> None:
        listening = self._subscriptions.get(topic)
        if not listening:
            return
        whole = FeedMessage(topic, encoded(message))
        for subscription in listening:
            if not subscription.offer(whole):
                self._drops.inc()

    @asynccontextmanager
    async def subscribe(self, *topics: Topic) -> AsyncGenerator[Subscription, None]:
        subscription = Subscription(frozenset(topics), self._capacity)
        for topic in subscription.topics:
            self._subscriptions.setdefault(topic, set()).add(subscription)
        try:
            yield subscription
        finally:
            subscription.close()
            for topic in subscription.topics:
                listening = self._subscriptions[topic]
                listening.discard(subscription)
                if not listening:
                    del self._subscriptions[topic]
