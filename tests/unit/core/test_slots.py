"""Slots in one process."""

from app.core.slots import LocalSlots


async def test_so_many_are_held_at_once_and_no_more() -> None:
    slots = LocalSlots()
    first, second, third = [await slots.take("calls", 2) for _ in range(3)]
    assert first is not None
    assert second is not None
    assert third is None
    assert await slots.used("calls") == 2
    await slots.give_back("calls", first)
    assert await slots.take("calls", 2) is not None
    assert await slots.take("calls", 2) is None
    assert await slots.take("other", 2) is not None


async def test_without_a_limit_they_are_counted_all_the_same() -> None:
    slots = LocalSlots()
    assert all([await slots.take("calls", None) for _ in range(5)])
    assert await slots.used("calls") == 5
    assert await slots.take("calls", 5) is None


async def test_one_that_is_given_back_twice_frees_one() -> None:
    slots = LocalSlots()
    first, _ = [await slots.take("calls", 2) for _ in range(2)]
    assert first is not None
    for _ in range(2):
        await slots.give_back("calls", first)
    assert await slots.used("calls") == 1
    assert await slots.take("calls", 2) is not None
    assert await slots.take("calls", 2) is None


async def test_nothing_is_remembered_of_what_is_over() -> None:
    slots = LocalSlots()
    for number in range(100):
        slot = await slots.take(f"organization-{number}", 1)
        assert slot is not None
        await slots.give_back(f"organization-{number}", slot)
    assert slots.held == {}
