"""A telephone line on a virtual clock, with Twilio's side of it as Twilio documents it."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from app.bench.twilio_stream import TwilioStream
from app.core.aio import Channel, TaskScope
from app.core.audio.convert import Samples
from app.core.audio.g711 import decode_mulaw
from app.realtime.transports.twilio import AHEAD_S, PIECE_BYTES, TwilioLine, first_facts
from app.realtime.transports.twilio_messages import KEY_PAUSE_S, MARK_PATIENCE_S
from tests.virtual_time import virtual_time

RATE = 8000


class Wire:
    """Between the two in memory, a moment long."""

    def __init__(self, late_s: float = 0.0) -> None:
        self._late_s = late_s
        self._to_us: Channel[str] = Channel(10_000)
        self.to_twilio: Channel[tuple[float, str]] = Channel(10_000)
        self.is_gone = False

    async def receive(self) -> str | None:
        async for text in self._to_us:
            return text
        return None

    async def send(self, text: str) -> None:
        if self.is_gone:
            raise ConnectionResetError
        await self.to_twilio.send((asyncio.get_running_loop().time() + self._late_s, text))

    async def close(self) -> None:
        self.to_twilio.close()

    async def give(self, text: str) -> None:
        await self._to_us.send(text)

    def leave(self) -> None:
        self.is_gone = True
        self._to_us.close()


@dataclass
class Call:
    wire: Wire
    line: TwilioLine
    twilio: TwilioStream
    heard: bytearray = field(default_factory=bytearray)
    typed: list[str] = field(default_factory=list)

    async def hear(self) -> None:
        async for sound in self.line.sounds():
            assert len(sound) <= PIECE_BYTES
            self.heard += sound


async def call(
    talk: Callable[[Call], Awaitable[None]], *, late_s: float = 0.0, telephone: bool = True
) -> Call:
    """`talk` on a line that is up. Without a telephone, nobody sends, plays or marks."""
    wire = Wire(late_s)
    twilio = TwilioStream(wire.give, parameters={"token": "t"})
    await twilio.start()
    facts = await first_facts(wire)
    assert facts
    assert facts.custom_parameters == {"token": "t"}
    made = Call(wire, TwilioLine(wire, facts.stream_sid), twilio)
    made.line.typed = made.typed.append

    async def talked(_: TwilioLine) -> None:
        await talk(made)

    async with TaskScope() as scope:
        if telephone:
            scope.spawn("carry", _carry(wire, twilio))
            scope.spawn("telephone", twilio.run())
        await made.line.held(talked)
        await scope.cancel()
    return made


async def _carry(wire: Wire, twilio: TwilioStream) -> None:
    async for due_s, text in wire.to_twilio:
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
        await twilio.take(text)


def tone(seconds: float) -> Samples:
    """Every sample a value that mu-law can tell from silence."""
    return np.full(round(seconds * RATE), 0.5, np.float32)


def sounding_s(heard: bytes) -> float:
    return np.count_nonzero(decode_mulaw(bytes(heard))) / RATE


@pytest.mark.inventory("WH-256", "EX-047")
@virtual_time
async def test_what_the_telephone_says_is_heard_to_the_byte() -> None:
    said = bytes(range(128)) * 50

    async def talk(made: Call) -> None:
        async with TaskScope() as scope:
            scope.spawn("hear", made.hear())
            made.twilio.say(said)
            await asyncio.sleep(1)
            await made.twilio.stop()

    made = await call(talk)
    assert bytes(made.heard).startswith(said)
    assert len(made.heard) == pytest.approx(RATE, abs=640)


@pytest.mark.inventory("WH-256", "EX-047")
@virtual_time
async def test_what_is_played_is_heard_whole_a_little_ahead_and_counted_when_it_was() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        await playout.play(tone(0.5))
        await asyncio.sleep(0.3)
        heard_s = sounding_s(made.twilio.heard)
        assert heard_s == pytest.approx(0.3, abs=0.05)
        assert playout.played_s == pytest.approx(heard_s, abs=0.021)
        await playout.drained()
        assert sounding_s(made.twilio.heard) == pytest.approx(0.5)

    made = await call(talk)
    assert made.twilio.most_waiting_s <= AHEAD_S + 1e-6
    assert made.twilio.cleared == 0


@pytest.mark.inventory("EX-047")
@virtual_time
async def test_after_a_barge_in_no_stale_sample_is_heard_and_what_was_heard_is_known() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        await playout.play(tone(1.0))
        await asyncio.sleep(0.4)
        playout.clear()
        counted_s = playout.played_s
        await asyncio.sleep(0.5)
        heard_s = sounding_s(made.twilio.heard)
        assert heard_s == pytest.approx(counted_s, abs=0.041)
        assert heard_s < 0.45
        await playout.play(tone(0.2))
        await playout.drained()
        assert sounding_s(made.twilio.heard) == pytest.approx(heard_s + 0.2)
        assert playout.played_s == pytest.approx(counted_s + 0.2)

    made = await call(talk)
    assert made.twilio.cleared == 1


@virtual_time
async def test_the_tone_of_a_room_is_sent_and_never_counts_as_heard() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        playout.background = lambda count: np.full(count, 0.01, np.float32)
        await playout.play(tone(0.5))
        await playout.drained()
        assert playout.played_s == pytest.approx(0.5)
        await asyncio.sleep(0.5)
        assert playout.played_s == pytest.approx(0.5)
        assert sounding_s(made.twilio.heard) > 0.9

    made = await call(talk)
    assert made.twilio.most_waiting_s <= AHEAD_S + 1e-6


@virtual_time
async def test_a_new_answer_never_overtakes_the_clear() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        await playout.play(tone(1.0))
        await asyncio.sleep(0.2)
        playout.clear()
        await playout.play(tone(0.1))
        await asyncio.sleep(0.5)

    made = await call(talk)
    events = [message["event"] for message in made.twilio.received]
    after = events[events.index("clear") :]
    assert after.count("media") == 5


@virtual_time
async def test_a_late_network_makes_less_count_as_heard_not_more() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        await playout.play(tone(1.0))
        await asyncio.sleep(0.5)
        assert playout.played_s <= sounding_s(made.twilio.heard)
        assert playout.played_s == pytest.approx(sounding_s(made.twilio.heard), abs=0.25)

    await call(talk, late_s=0.2)


@virtual_time
async def test_marks_that_never_come_back_do_not_hold_the_call_up() -> None:
    async def talk(made: Call) -> None:
        await made.line.playout.play(tone(0.1))
        async with asyncio.timeout(MARK_PATIENCE_S + 1):
            await made.line.playout.drained()

    await call(talk, telephone=False)


@virtual_time
async def test_held_sound_goes_on_where_it_was() -> None:
    async def talk(made: Call) -> None:
        playout = made.line.playout
        await playout.play(tone(0.5))
        await asyncio.sleep(0.2)
        playout.is_held = True
        await asyncio.sleep(0.5)
        assert sounding_s(made.twilio.heard) <= 0.2 + AHEAD_S + 0.02
        playout.is_held = False
        await playout.drained()
        assert sounding_s(made.twilio.heard) == pytest.approx(0.5)

    await call(talk)


@virtual_time
async def test_keys_are_typed() -> None:
    async def talk(made: Call) -> None:
        for key in "123#45":
            await made.twilio.press(key)
        await asyncio.sleep(KEY_PAUSE_S / 2)
        assert made.typed == ["123"]
        await asyncio.sleep(KEY_PAUSE_S)
        assert made.typed == ["123", "45"]

    await call(talk)


@pytest.mark.parametrize("ending", ["stop", "socket"])
def test_the_sound_ends_when_the_caller_hangs_up(ending: str) -> None:
    @virtual_time
    async def hangs_up() -> None:
        async def talk(made: Call) -> None:
            await made.line.playout.play(tone(0.5))
            async with TaskScope() as scope:
                scope.spawn("hear", made.hear())
                await asyncio.sleep(0.2)
                if ending == "stop":
                    await made.twilio.stop()
                else:
                    made.wire.leave()

        await call(talk, telephone=ending == "stop")

    hangs_up()


@virtual_time
async def test_a_telephone_that_takes_nothing_any_more_ends_the_sound() -> None:
    """It goes on speaking: who hears it cannot see that nobody is answered."""

    async def talk(made: Call) -> None:
        made.wire.is_gone = True
        await made.line.playout.play(tone(0.5))
        async with asyncio.timeout(60):
            await made.hear()

    await call(talk, telephone=False)


@virtual_time
async def test_nonsense_floods_and_huge_frames_neither_end_the_call_nor_its_sound() -> None:
    async def talk(made: Call) -> None:
        async with TaskScope() as scope:
            hearing = scope.spawn("hear", made.hear())
            for text in ("{", "[]", '{"event": "start"}', "x" * 100_000, '{"event": "mark"}'):
                await made.wire.give(text)
            huge = base64.b64encode(b"\x00" * 75_000).decode()
            media = {"track": "inbound", "chunk": "100000", "payload": huge}
            await made.wire.give(json.dumps({"event": "media", "media": media}))
            await asyncio.sleep(1)
            assert not hearing.done()
            made.wire.leave()

    made = await call(talk, telephone=False)
    assert len(made.heard) == 75_000


@virtual_time
async def test_a_stream_that_ends_before_it_starts_is_none() -> None:
    wire = Wire()
    await wire.give('{"event": "connected"}')
    await wire.give('{"event": "stop"}')
    assert await first_facts(wire) is None
    wire.leave()
    assert await first_facts(wire) is None
