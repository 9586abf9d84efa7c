"""A real Parley, real models, and Twilio as it documents itself, whose telephone hears and speaks
real sound in real time."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.bench.twilio_stream import TwilioStream
from app.calls.sessions import admission
from app.calls.sessions.domain import Call
from app.core.audio.convert import float_from_int16, int16_from_float
from app.core.audio.g711 import decode_mulaw, encode_mulaw
from app.core.audio.live_resample import LiveResampler
from app.core.audio.wav import wav_bytes
from tests.api.wired import Wired, wired
from tests.fakes.openai_api import MODEL, OpenAiApi
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi, TwilioCall

CALLER = "+14155550100"
RATE = 8000
SET_UP = {
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_PHONE_NUMBER": NUMBER,
}


@dataclass
class Place:
    parley: Wired
    twilio: TwilioApi
    model: OpenAiApi

    async def agent(self, **settings: Any) -> UUID:
        # What the model is to answer is counted: it is asked nothing in vain.
        plain = {"silence": {"enabled": False}, "think_ahead": False}
        behavior = plain | settings.pop("behavior", {})
        fields = {"name": "Front desk", "greeting": "Good morning from Parley."} | settings
        fields["behavior"] = behavior
        return (await self.parley.runtime.calling.agents.create(self.parley.scope, fields)).id

    async def start(self, agent_id: UUID, to: str = CALLER) -> tuple[UUID, TwilioCall]:
        async with self.parley.client() as client:
            asked = {"agent_id": str(agent_id), "to": to}
            answer = await client.post("/bot/api/calls/start", json=asked)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"]), self.twilio.calls[answer.json()["call_sid"]]

    async def call(self, call_id: UUID) -> Call:
        runtime = self.parley.runtime
        async with runtime.database.transaction(self.parley.scope) as tx:
            return await runtime.calling.calls.records.get(tx, call_id)

    async def call_that(self, call_id: UUID, holds: Callable[[Call], bool]) -> Call:
        async with asyncio.timeout(20):
            while True:
                if holds(call := await self.call(call_id)):
                    return call
                await asyncio.sleep(0.05)

    async def turns(self, call_id: UUID) -> list[tuple[str, str]]:
        runtime = self.parley.runtime
        async with runtime.database.transaction(self.parley.scope) as tx:
            turns = await runtime.calling.calls.records.turns(tx, call_id)
        return [(turn.role, turn.text) for turn in turns]

    async def said(self, text: str) -> bytes:
        """As a telephone carries it, with the silence that ends a turn."""
        async with self.parley.client() as client:
            answer = await client.post("/v1/audio/speech", json=_speech(text))
        resampler = LiveResampler(24_000, RATE)
        spoken = np.frombuffer(answer.content, "<i2")
        sound = resampler.push(float_from_int16(spoken))
        return encode_mulaw(int16_from_float(sound)) + b"\xff" * (RATE // 4)

    async def answered(self, stream: TwilioStream) -> None:
        """Until the model was asked for an answer, and that was heard."""
        async with asyncio.timeout(60):
            while True:
                if self.model.asked:
                    break
                await asyncio.sleep(0.05)
        await quiet(stream, after_s=len(stream.heard) / RATE + 0.3)

    async def understood(self, stream: TwilioStream) -> str:
        """What was heard at the telephone, in words."""
        async with self.parley.client() as client:
            wav = wav_bytes(float_from_int16(decode_mulaw(bytes(stream.heard))), RATE)
            answer = await client.post("/asr/transcribe", files={"file": ("call.wav", wav)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["transcript"]).casefold()


def _speech(text: str) -> dict[str, str]:
    return {"model": "tts-1", "input": text, "voice": "am_michael", "response_format": "pcm"}


def voice_url(here: Place) -> str:
    return f"{here.parley.live.url}/bot/api/calls/twilio-voice"


@asynccontextmanager
async def place(database_url: str, data_dir: Path, **settings: str) -> AsyncGenerator[Place]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    busy = mock.patch.object(admission, "MOST_LAG_S", 60)  # what else runs here is no matter
    async with TwilioApi().serving() as twilio, OpenAiApi().serving() as model:
        own = {
            "PARLEY_PORT": str(port),
            "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PARLEY_TWILIO_API_URL": twilio.url,
            "VARIANT": "en-tiny",
            "PARLEY_PHRASE_CACHE_MB": "0",
            "LLM_PROVIDER": "local",
            "LOCAL_LLM_URL": f"{model.url}/v1",
            "LOCAL_LLM_MODEL": MODEL,
        }
        with busy:
            async with wired(database_url, data_dir, **own, **SET_UP, **settings) as parley:
                yield Place(parley, twilio, model)


async def quiet(stream: TwilioStream, *, after_s: float) -> None:
    """Waits until the telephone has been silent for a second, but not before it heard so much."""
    async with asyncio.timeout(30):
        while True:
            loud = _loud(stream)
            last = loud[-1] if loud.size else 0
            if last > after_s * RATE and len(stream.heard) - last > RATE:
                return
            await asyncio.sleep(0.1)


async def heard_s(stream: TwilioStream, least_s: float) -> None:
    """Waits until the telephone has heard so much that is not silence."""
    async with asyncio.timeout(30):
        while True:
            if _loud(stream).size > least_s * RATE:
                return
            await asyncio.sleep(0.1)


def _loud(stream: TwilioStream) -> NDArray[np.intp]:
    """Samples that are."""
    return np.flatnonzero(np.abs(decode_mulaw(bytes(stream.heard)).astype(np.int32)) > 200)
