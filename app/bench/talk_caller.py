"""Somebody in a browser, as far as WebRTC goes: speaks recordings in real time, and keeps a tape of
both directions. Knows neither of those who are called."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from app.bench.tape import Tape, is_audible
from app.core.aio import TaskScope
from app.core.audio.convert import Samples, float_from_int16
from app.realtime.playout import Playout
from app.realtime.transports.media import HEARD_RATE, OpusInOrder, PlayoutTrack, mono_pcm

OFFER = "/bot/api/offer"
RATE = HEARD_RATE
TRIES = 60
TRY_AGAIN_S = 1.0
_REFUSED = 503
_PATIENCE_S = 30.0
_QUIET_S = 1.0
"""An answer is over when nothing was heard for so long."""
_LOOK_S = 0.02


class CallRefused(Exception):
    """With the reason that was given."""


class Caller:
    """`messages`: what came over the data channel."""

    def __init__(self, scope: TaskScope) -> None:
        self.tape = Tape(RATE, _now_s())
        self.messages: list[dict[str, Any]] = []
        self._scope = scope
        self._microphone = Playout(RATE, ahead_s=60)
        self._microphone.taken = self._spoke
        self._pc = RTCPeerConnection(RTCConfiguration([]))
        self._pc.addTransceiver(PlayoutTrack(self._microphone))
        self._channel = self._pc.createDataChannel("chat")
        self._channel.on("message", self._told)
        self._pc.on("track", self._hear)
        self._audible_at_s = 0.0
        self.heard_s = 0.0
        """How long something was audible."""

    async def call(
        self, client: httpx.AsyncClient, path: str, body: Mapping[str, Any], *, tries: int = TRIES
    ) -> None:
        """Raises `CallRefused` where a machine that is busy still is at the last of the `tries`."""
        await self._pc.setLocalDescription(await self._pc.createOffer())
        offer = {"sdp": self._pc.localDescription.sdp, "type": "offer", **body}
        answer = await client.post(path, json=offer)
        while answer.status_code == _REFUSED:
            tries -= 1
            if not tries:
                raise CallRefused(answer.json()["error"])
            await asyncio.sleep(TRY_AGAIN_S)
            answer = await client.post(path, json=offer)
        answer.raise_for_status()
        for transceiver in self._pc.getTransceivers():
            OpusInOrder.take_over(transceiver.receiver)
        sdp = answer.json()["sdp"]
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        try:
            await self._until(lambda: self._channel.readyState == "open")
        except TimeoutError:
            raise CallRefused("it was not connected in time") from None
        self.send("client-ready", {"version": "2.0.0", "about": {"library": "bench"}})

    def send(self, kind: str, data: Any = None) -> None:
        message = {"label": "rtvi-ai", "type": kind, "id": "bench", "data": data}
        self._channel.send(json.dumps(message))

    def start_tape(self) -> None:
        """Anew."""
        self.tape = Tape(RATE, _now_s())

    async def say(self, sound: Samples) -> None:
        await self._microphone.play(sound)
        await self._microphone.drained()

    async def answered(self) -> None:
        """Something was heard from now on, and then silence; or it is in vain to wait."""
        before_s = self.heard_s
        with suppress(TimeoutError):
            await self._until(
                lambda: self.heard_s > before_s and _now_s() - self._audible_at_s > _QUIET_S
            )

    async def told(self, *kinds: str) -> str:
        """The first message of one of these kinds."""

        def found() -> list[str]:
            return [each["type"] for each in self.messages if each["type"] in kinds]

        await self._until(found)
        return found()[0]

    async def close(self) -> None:
        await self._pc.close()

    async def _until(self, is_so: Any) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not is_so():  # noqa: ASYNC110  sound comes all the time
                await asyncio.sleep(_LOOK_S)

    def _spoke(self, sound: Samples) -> None:
        self.tape.said(sound, _now_s())

    def _told(self, text: str | bytes) -> None:
        self.messages.append(json.loads(text))

    def _hear(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._scope.spawn("listens", self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame: object = await track.recv()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                if isinstance(frame, AudioFrame):
                    self._heard(float_from_int16(np.frombuffer(mono_pcm(frame), np.int16)))

    def _heard(self, sound: Samples) -> None:
        now_s = _now_s()
        self.tape.heard(sound, now_s)
        if is_audible(sound):
            self._audible_at_s = now_s
            self.heard_s += sound.size / RATE


@asynccontextmanager
async def caller() -> AsyncGenerator[Caller]:
    async with TaskScope() as scope:
        somebody = Caller(scope)
        try:
            yield somebody
        finally:
            await somebody.close()
            await scope.cancel()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
