"""The live feed within one process, and what a subscriber of either backend may count on."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.aio import TaskScope
from app.core.feed.local import LocalFeed
from app.core.feed.port import FeedMessage, topic
from app.core.feed.redis_feed import RedisFeed
from app.core.metrics import Metrics
from tests.virtual_time import virtual_time

ORG_A, ORG_B = UUID(int=1), UUID(int=2)


class CallStarted(msgspec.Struct):
    id: int
    caller: str


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1")


class TestTopics:
    @given(st.text(), st.text(), st.text())
    def test_no_subject_reaches_another_organization(self, one: str, two: str, three: str) -> None:
        assert topic(ORG_A, "call", one) != topic(ORG_B, "call", two)
        assert not topic(ORG_A, "call", f"{one}:{ORG_B}:call:{three}").startswith(str(ORG_B))
        assert (topic(ORG_A, "call", one) == topic(ORG_A, "call", two)) == (one == two)

    @given(st.text(), st.text())
    def test_kinds_and_subjects_cannot_run_into_each_other(self, one: str, two: str) -> None:
        assert topic(ORG_A, "call", one) != topic(ORG_A, "calls", two)

    @pytest.mark.parametrize("kind", ["", "a:b", "call:", "*", "call\n", "two words"])
    def test_a_kind_is_a_plain_word(self, kind: str) -> None:
        with pytest.raises(ValueError, match="plain word"):
            topic(ORG_A, kind)


class TestLocalFeed:
    async def test_a_slow_subscriber_misses_the_oldest_and_sees_how_many(
        self, metrics: Metrics
    ) -> None:
        feed = LocalFeed(metrics, capacity=3)
        calls = topic(uuid4(), "calls")
        async with feed.subscribe(calls) as slow:
            for number in range(10):
                feed.publish(calls, b"%d" % number)
            assert [(await anext(slow)).body for _ in range(3)] == [b"7", b"8", b"9"]
            assert slow.missed == 7
        assert b'parley_feed_drops_total{reason="slow subscriber"} 7.0' in metrics.render()

    @virtual_time
    async def test_a_slow_subscriber_costs_the_others_nothing(self) -> None:
        feed = LocalFeed(Metrics("1"), capacity=2)
        calls = topic(ORG_A, "calls")
        heard: list[bytes] = []

        async def follow(count: int) -> None:
            async with feed.subscribe(calls) as quick:
                heard.extend([(await anext(quick)).body for _ in range(count)])
                assert quick.missed == 0

        async with TaskScope() as scope, feed.subscribe(calls) as slow:
            scope.spawn("follow", follow(20))
            for number in range(20):
                await asyncio.sleep(1)
                feed.publish(calls, b"%d" % number)
            await asyncio.sleep(1)
            assert slow.missed == 18
        assert heard == [b"%d" % number for number in range(20)]

    async def test_iteration_ends_with_the_block(self, metrics: Metrics) -> None:
        feed = LocalFeed(metrics)
        calls = topic(ORG_A, "calls")
        async with feed.subscribe(calls) as subscription:
            feed.publish(calls, b"last")
        assert [message.body async for message in subscription] == [b"last"]

    async def test_nothing_is_kept_for_those_who_left(self, metrics: Metrics) -> None:
        feed = LocalFeed(metrics)
        one, two = topic(ORG_A, "calls"), topic(ORG_A, "call", "7")
        async with feed.subscribe(one, two):
            async with feed.subscribe(one):
                assert set(feed.topics) == {one, two}
            assert set(feed.topics) == {one, two}
        assert set(feed.topics) == set()

    async def test_several_topics_and_structs(self, metrics: Metrics) -> None:
        feed = LocalFeed(metrics)
        one, two = topic(ORG_A, "calls"), topic(ORG_A, "call", "7")
        async with feed.subscribe(one, two, one) as subscription:
            feed.publish(two, CallStarted(7, "Zoë"))
            feed.publish(one, b"raw")
            feed.publish(topic(ORG_A, "call", "8"), b"not for us")
            feed.publish(topic(ORG_B, "calls"), b"not for us")
            assert await anext(subscription) == FeedMessage(two, '{"id":7,"caller":"Zoë"}'.encode())
            assert await anext(subscription) == FeedMessage(one, b"raw")
        assert [message async for message in subscription] == []


class TestRedisFeedWithoutServer:
    """Never linked: as at the start of an outage. The linked life is in tests/integration."""

    async def test_local_subscribers_are_served_and_the_rest_is_counted(
        self, metrics: Metrics
    ) -> None:
        feed = RedisFeed("redis://127.0.0.1:1", metrics)
        calls = topic(ORG_A, "calls")
        async with feed.subscribe(calls) as subscription:
            feed.publish(calls, b"here")
            assert (await anext(subscription)).body == b"here"
        assert not feed.is_linked
        assert b'parley_feed_drops_total{reason="outage"} 1.0' in metrics.render()

    async def test_an_address_that_is_none_stops_the_start(self, metrics: Metrics) -> None:
        with pytest.raises(ValueError, match="scheme"):
            RedisFeed("http://127.0.0.1:6379", metrics)
