"""Twilio's side of one Media Stream, as Twilio documents it: it says what a telephone hears in
frames of 20 ms, plays what it is sent in real time, and gives marks back."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

FRAME_S = 0.02
FRAME_BYTES = 160
QUIET = b"\xff"


class TwilioStream:
    """`heard`: what was played to the telephone, silence included, from the start of the stream;
    `said`: what it said at the same time."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        *,
        call_sid: str = "CA" + "1" * 32,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.send = send
        self.call_sid = call_sid
        self.stream_sid = "MZ" + "2" * 32
        self.parameters = dict(parameters or {})
        self.heard = bytearray()
        self.said = bytearray()
        self.cleared = 0
        self.most_waiting_s = 0.0
        self.received: list[dict[str, Any]] = []
        self._says: deque[bytes] = deque()
        self._waiting: deque[bytes | str] = deque()
        self._sequence = 0
        self._chunk = 0

    async def start(self) -> None:
        await self.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await self._tell(
            "start",
            start={
                "accountSid": "AC" + "0" * 32,
                "streamSid": self.stream_sid,
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": self.parameters,
            },
        )

    async def run(self) -> None:
        """The telephone, both ways, in real time, until it is cancelled."""
        loop = asyncio.get_running_loop()
        began_s, ticks = loop.time(), 0
        while True:
            await self._play()
            await self._speak()
            ticks += 1
            await asyncio.sleep(max(0.0, began_s + ticks * FRAME_S - loop.time()))

    def say(self, sound: bytes) -> None:
        """mu-law, behind what is still to be said."""
        self._says += (
            sound[start : start + FRAME_BYTES] for start in range(0, len(sound), FRAME_BYTES)
        )

    @property
    def has_said_all(self) -> bool:
        return not self._says

    async def press(self, key: str) -> None:
        await self._tell("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def stop(self) -> None:
        await self._tell("stop", stop={"accountSid": "AC" + "0" * 32, "callSid": self.call_sid})

    async def take(self, text: str) -> None:
        """A message of the other side. One that Twilio would not understand is an error."""
        message = json.loads(text)
        assert message["streamSid"] == self.stream_sid, message
        self.received.append(message)
        match message:
            case {"event": "media", "media": {"payload": str() as payload, **rest}} if not rest:
                self._waiting.append(base64.b64decode(payload, validate=True))
            case {"event": "mark", "mark": {"name": str() as name}}:
                self._waiting.append(name)
            case {"event": "clear"}:
                self.cleared += 1
                await self._give_marks_back()
            case _:
                raise AssertionError(f"Twilio does not take {message}")
        waiting_s = sum(len(each) for each in self._waiting if isinstance(each, bytes)) / 8000
        self.most_waiting_s = max(self.most_waiting_s, waiting_s)

    async def _play(self) -> None:
        frame = b""
        while self._waiting and len(frame) < FRAME_BYTES:
            head = self._waiting.popleft()
            if isinstance(head, str):
                await self._mark(head)
                continue
            room = FRAME_BYTES - len(frame)
            frame += head[:room]
            if len(head) > room:
                self._waiting.appendleft(head[room:])
        while self._waiting and isinstance(self._waiting[0], str):
            await self._mark(str(self._waiting.popleft()))
        self.heard += frame.ljust(FRAME_BYTES, QUIET)

    async def _give_marks_back(self) -> None:
        marks = [each for each in self._waiting if isinstance(each, str)]
        self._waiting.clear()
        for mark in marks:
            await self._mark(mark)

    async def _speak(self) -> None:
        self._chunk += 1
        payload = (self._says.popleft() if self._says else b"").ljust(FRAME_BYTES, QUIET)
        self.said += payload
        await self._tell(
            "media",
            media={
                "track": "inbound",
                "chunk": str(self._chunk),
                "timestamp": str(self._chunk * 20),
                "payload": base64.b64encode(payload).decode(),
            },
        )

    async def _mark(self, name: str) -> None:
        await self._tell("mark", mark={"name": name})

    async def _tell(self, event: str, **body: Any) -> None:
        self._sequence += 1
        await self.send(
            json.dumps(
                {
                    "event": event,
                    "sequenceNumber": str(self._sequence),
                    "streamSid": self.stream_sid,
                    **body,
                }
            )
        )
