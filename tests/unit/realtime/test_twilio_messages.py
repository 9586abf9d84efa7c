"""What Twilio says over a Media Stream, and what it does not say but somebody sends."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.realtime.transports.twilio_messages import (
    MARK_PATIENCE_S,
    MOST_KEYS,
    MOST_MISSING_BYTES,
    QUIET,
    ChunksInOrder,
    Connected,
    Dtmf,
    FarEnd,
    Keyed,
    Mark,
    Media,
    Name,
    Payload,
    SendClear,
    SendMark,
    SendMedia,
    Sound,
    Start,
    Stop,
    read_message,
    written,
)

# As in Twilio's documentation.
CONNECTED = '{"event": "connected", "protocol": "Call", "version": "1.0.0"}'
START = """{"event": "start", "sequenceNumber": "1", "start": {
  "accountSid": "ACx", "streamSid": "MZx", "callSid": "CAx", "tracks": ["inbound"],
  "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
  "customParameters": {"FirstName": "Jane"}}, "streamSid": "MZx"}"""
MEDIA = """{"event": "media", "sequenceNumber": "3", "media": {"track": "inbound", "chunk": "1",
  "timestamp": "5", "payload": "fn5+fg=="}, "streamSid": "MZx"}"""
DTMF = """{"event": "dtmf", "streamSid": "MZx", "sequenceNumber": "5",
  "dtmf": {"track": "inbound_track", "digit": "1"}}"""
MARK = """{"event": "mark", "sequenceNumber": "4", "streamSid": "MZx", "mark": {"name": "a"}}"""
STOP = """{"event": "stop", "sequenceNumber": "5", "streamSid": "MZx",
  "stop": {"accountSid": "ACx", "callSid": "CAx"}}"""


@pytest.mark.inventory("EX-047")
def test_each_documented_message_is_read() -> None:
    assert read_message(CONNECTED) == Connected()
    start = read_message(START)
    assert isinstance(start, Start)
    assert (start.start.stream_sid, start.start.call_sid) == ("MZx", "CAx")
    assert start.start.custom_parameters == {"FirstName": "Jane"}
    assert read_message(MEDIA) == Media(Sound(chunk=1, payload=b"~~~~"))
    dtmf, mark = read_message(DTMF), read_message(MARK)
    assert isinstance(dtmf, Dtmf)
    assert dtmf.dtmf.digit == "1"
    assert isinstance(mark, Mark)
    assert mark.mark.name == "a"
    assert isinstance(read_message(STOP), Stop)


@pytest.mark.inventory("EX-047")
def test_what_is_sent_is_as_documented() -> None:
    assert json.loads(written(SendMedia("MZx", Payload(b"~~~~")))) == {
        "event": "media",
        "streamSid": "MZx",
        "media": {"payload": "fn5+fg=="},
    }
    assert json.loads(written(SendMark("MZx", Name("7")))) == {
        "event": "mark",
        "streamSid": "MZx",
        "mark": {"name": "7"},
    }
    assert json.loads(written(SendClear("MZx"))) == {"event": "clear", "streamSid": "MZx"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"media"',
        "{}",
        '{"event": "resumed"}',
        '{"event": 7}',
        '{"event": "start"}',
        MEDIA.replace("fn5+fg==", "no base64!"),
        MEDIA.replace("fn5+fg==", "fn5"),
        MEDIA.replace('"chunk": "1"', '"chunk": "one"'),
        MEDIA.replace('"chunk": "1"', '"chunk": ["1"]'),
        DTMF.replace('"digit": "1"', '"digit": null'),
        "\ud800",
        "[" * 100_000,
    ],
)
def test_what_is_no_message_is_not_understood_and_does_no_harm(text: str) -> None:
    assert read_message(text) is None


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_nothing_that_can_be_sent_raises(text: str) -> None:
    assert read_message(text) is None


def chunk(number: int, text: bytes = b"ab", track: str = "inbound") -> Sound:
    return Sound(chunk=number, payload=text, track=track)


def test_what_comes_late_or_twice_is_dropped() -> None:
    chunks = ChunksInOrder()
    heard = [chunks.sound_of(chunk(n, b"%d" % n)) for n in (4, 5, 5, 3, 6)]
    assert heard == [b"4", b"5", b"", b"", b"6"]


def test_what_is_missing_is_silence_but_not_more_than_a_second_of_it() -> None:
    chunks = ChunksInOrder()
    chunks.sound_of(chunk(1))
    assert chunks.sound_of(chunk(4)) == QUIET * 4 + b"ab"
    assert chunks.sound_of(chunk(10**12)) == QUIET * MOST_MISSING_BYTES + b"ab"


def test_our_own_voice_is_not_heard() -> None:
    chunks = ChunksInOrder()
    assert chunks.sound_of(chunk(1, track="outbound")) == b""
    assert chunks.sound_of(chunk(1)) == b"ab"


def test_keys_are_one_text_when_hash_or_a_pause_ends_them() -> None:
    keyed = Keyed()
    assert [keyed.press(key, 0.0) for key in "42#"] == ["", "", "42"]
    assert keyed.press("#", 0.0) == "#"
    assert keyed.press("1", 5.0) == ""
    assert keyed.press("*", 6.5) == ""
    assert keyed.tick(8.4) == ""
    assert keyed.tick(8.5) == "1*"
    assert keyed.tick(20.0) == ""


def test_what_is_no_key_is_nothing_and_too_many_are_told_in_parts() -> None:
    keyed = Keyed()
    assert keyed.press("12", 0.0) == keyed.press("", 0.0) == keyed.press("x", 0.0) == ""
    told = [text for _ in range(MOST_KEYS) if (text := keyed.press("7", 0.0))]
    assert told == ["7" * MOST_KEYS]


def test_the_far_end_holds_what_is_not_marked_as_played() -> None:
    far = FarEnd()
    marks = [far.send(160, 1.0) for _ in range(3)]
    assert far.samples == 480
    assert far.until_s == pytest.approx(1.06)
    far.played(marks[1])
    assert far.samples == 160
    far.played("of somebody else")
    assert far.samples == 160


def test_marks_of_what_was_cleared_say_nothing_of_what_came_after() -> None:
    far = FarEnd()
    old = far.send(160, 1.0)
    far.clear()
    assert far.samples == 0
    new = far.send(160, 1.0)
    far.played(old)
    assert far.samples == 160
    far.played(new)
    assert far.samples == 0


def test_a_mark_that_never_comes_back_is_not_waited_for() -> None:
    far = FarEnd()
    far.send(800, 1.0)
    far.tick(1.1 + MARK_PATIENCE_S)
    assert far.samples == 800
    far.tick(1.2 + MARK_PATIENCE_S)
    assert far.samples == 0


def test_a_frame_of_100_kb_is_a_message_as_any_other() -> None:
    payload = base64.b64encode(b"~" * 75_000).decode()
    message = read_message(MEDIA.replace("fn5+fg==", payload))
    assert isinstance(message, Media)
    assert len(message.media.payload) == 75_000
