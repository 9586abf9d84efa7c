"""The bounded channel: order, closing, and nothing lost to cancellation."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.aio import Channel, ChannelClosed, Supervisor, TaskScope
from app.core.metrics import Metrics
from tests.virtual_time import run_virtual, virtual_time


class TestChannel:
    async def test_items_come_in_order_and_end_after_close(self) -> None:
        channel = Channel[int](10)
        for item in range(3):
            await channel.send(item)
        channel.close()
        assert [item async for item in channel] == [0, 1, 2]
        with pytest.raises(ChannelClosed, match="drained"):
            await channel.receive()

    @virtual_time
    async def test_send_waits_for_room(self) -> None:
        channel = Channel[str](1)
        await channel.send("a")
        assert not channel.try_send("b")
        async with TaskScope() as scope:
            sender = scope.spawn("send", channel.send("c"))
            await asyncio.sleep(60)
            assert not sender.done()
            assert await channel.receive() == "a"
            await sender
        assert channel.try_receive() == "c"
        assert channel.try_receive() is None

    @virtual_time
    async def test_close_ends_every_waiting_receiver(self) -> None:
        channel = Channel[int](1)
        async with TaskScope() as scope:
            waiting = [scope.spawn("receive", _drain(channel)) for _ in range(5)]
            await asyncio.sleep(1)
            channel.close()
        assert [task.result() for task in waiting] == [[]] * 5

    @virtual_time
    async def test_close_refuses_waiting_and_later_senders(self) -> None:
        channel = Channel[int](1)
        await channel.send(1)
        async with Supervisor(Metrics("1")) as supervisor:
            sender = supervisor.spawn("send", channel.send(2))
            await asyncio.sleep(1)
            channel.close()
            with pytest.raises(ChannelClosed):
                await sender
        with pytest.raises(ChannelClosed):
            channel.try_send(3)
        assert await _drain(channel) == [1]

    @virtual_time
    async def test_many_producers_and_consumers_lose_and_double_nothing(self) -> None:
        channel = Channel[int](3)

        async def produce(start: int) -> None:
            for item in range(start, start + 100):
                await channel.send(item)
                await asyncio.sleep(item % 3)

        async with TaskScope() as consumers:
            tasks = [consumers.spawn("consume", _drain(channel)) for _ in range(4)]
            async with TaskScope() as producers:
                for start in (0, 100, 200):
                    producers.spawn("produce", produce(start))
            channel.close()
        assert sorted(item for task in tasks for item in task.result()) == list(range(300))

    @virtual_time
    async def test_a_receiver_cancelled_in_the_step_it_was_woken_passes_its_turn_on(self) -> None:
        channel = Channel[str](1)
        async with Supervisor(Metrics("1")) as supervisor:
            first = supervisor.spawn("receive", channel.receive())
            second = supervisor.spawn("receive", channel.receive())
            await asyncio.sleep(0)
            channel.try_send("item")
            first.cancel()
            assert await second == "item"
            assert first.cancelled()

    @virtual_time
    async def test_a_sender_cancelled_in_the_step_it_was_woken_passes_its_turn_on(self) -> None:
        channel = Channel[str](1)
        await channel.send("a")
        async with Supervisor(Metrics("1")) as supervisor:
            first = supervisor.spawn("send", channel.send("b"))
            second = supervisor.spawn("send", channel.send("c"))
            await asyncio.sleep(0)
            assert await channel.receive() == "a"
            first.cancel()
            await second
        assert channel.try_receive() == "c"

    @virtual_time
    async def test_a_receive_that_times_out_loses_nothing(self) -> None:
        channel = Channel[int](1)
        got: list[int] = []

        async def produce() -> None:
            for item in range(200):
                await channel.send(item)
                await asyncio.sleep(1)
            channel.close()

        async with TaskScope() as scope:
            scope.spawn("produce", produce())
            with suppress(ChannelClosed):
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1):
                            got.append(await channel.receive())
        assert got == list(range(200))

    @settings(max_examples=200, deadline=None)
    @given(
        capacity=st.integers(1, 3),
        steps=st.lists(
            st.sampled_from(["send", "receive", "tick", "cancel receiver", "cancel sender"]),
            max_size=40,
        ),
    )
    def test_any_interleaving_with_cancellation_keeps_every_item(
        self, capacity: int, steps: list[str]
    ) -> None:
        run_virtual(_interleave(capacity, steps))

    def test_a_channel_without_room_is_refused(self) -> None:
        with pytest.raises(ValueError, match="one item"):
            Channel[int](0)


async def _interleave(capacity: int, steps: list[str]) -> None:
    """Every item that was accepted is received once, whoever was cancelled in between."""
    channel = Channel[int](capacity)
    senders: dict[int, asyncio.Task[None]] = {}
    receivers: list[asyncio.Task[int]] = []
    async with Supervisor(Metrics("1")) as supervisor:
        for number, step in enumerate(steps):
            match step:
                case "send":
                    senders[number] = supervisor.spawn("send", channel.send(number))
                case "receive":
                    receivers.append(supervisor.spawn("receive", channel.receive()))
                case "tick":
                    await asyncio.sleep(0)
                case "cancel receiver" if receivers:
                    receivers[number % len(receivers)].cancel()
                case "cancel sender" if senders:
                    list(senders.values())[number % len(senders)].cancel()
                case _:
                    pass
        await asyncio.sleep(1)
        rest: list[int] = []
        while (item := channel.try_receive()) is not None:
            rest.append(item)
            await asyncio.sleep(1)
        waiting = [task for task in receivers if not task.done()]
        assert not (rest and waiting), "an item lay there while a receiver waited"
        assert all(task.done() for task in senders.values()), "room, and a sender still waits"
        received = [task.result() for task in receivers if task.done() and not task.cancelled()]
    accepted = [number for number, task in senders.items() if not task.cancelled()]
    assert sorted(received + rest) == accepted


async def _drain(channel: Channel[Any]) -> list[Any]:
    return [item async for item in channel]
