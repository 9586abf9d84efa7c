"""What publishers and subscribers of the live feed see. Knows no backend."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NewType, Protocol, Self
from uuid import UUID

import msgspec

from app.core.aio import Channel

Topic = NewType("Topic", str)

Message = bytes | msgspec.Struct


def topic(org_id: UUID, kind: str, subject: str = "") -> Topic:
    """The organization comes first and has one length: no `kind` or `subject` reaches another's."""
    if not kind.isidentifier():
        raise ValueError(f"a kind of topic is a plain word, not {kind!r}")
    return Topic(f"{org_id}:{kind}:{subject}")


def encoded(message: Message) -> bytes:
    return message if isinstance(message, bytes) else msgspec.json.encode(message)


@dataclass(frozen=True, slots=True)
class FeedMessage:
    topic: Topic
    body: bytes


class Subscription:
    """Iterates over what was published since it began; `missed` counts what it was too slow for."""

    def __init__(self, topics: frozenset[Topic], capacity: int) -> None:
        self.topics = topics
        self.missed = 0
        self._channel = Channel[FeedMessage](capacity)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedMessage:
        return await anext(self._channel)

    def offer(self, message: FeedMessage) -> bool:
        """Drop the oldest where it is full: False says that something was dropped."""
        complete = True
        while not self._channel.try_send(message):
            self._channel.try_receive()
            self.missed += 1
            complete = False
        return complete

    def close(self) -> None:
        self._channel.close()


class Feed(Protocol):
    """Called from the event loop only. Without room the oldest message is dropped, and counted."""

    def publish(self, topic: Topic, message: Message) -> None:
        """Never waits and never fails, whoever listens or does not; a struct goes out as JSON."""
        ...

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscription]:
        """Hears what is published inside the block, in this process or another."""
        ...
