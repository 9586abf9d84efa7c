"""A voice that an organization had made: spoken, listed and sampled for it, and for nobody else."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from app import VERSION, wiring
from app.core.scope import OrgScope
from app.inference.executor import Lane
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.fitted_voices import Consent
from app.tts.fitting import FittedVoice, Likeness
from app.wiring import Foundation
from tests.api.test_tts import answer
from tests.api.wall.world import Organization, World
from tests.api.wired import Wired, wired
from tests.fakes.openai_api import OpenAiApi

TEXT = "Good morning, what can I do for you?"
STOCK = "am_michael"
SPEED = 0.8
CONSENT = Consent(True, "Ada Lovelace", "I agree that the bank speaks with my voice.")
LIKENESS = Likeness(0.4, 110.0, 4.5)


@dataclass(frozen=True)
class Bank:
    parley: Wired
    beside: Foundation
    ours: Organization
    theirs: Organization

    async def add(self, name: str) -> UUID:
        """A voice that is a stock voice in all but name and speed, made by another process."""
        models = self.parley.runtime.models
        async with models.lease("kokoro", KokoroNetwork, Lane.BATCH) as network:
            pack = network.voices[STOCK]
        fitted = FittedVoice(pack, LIKENESS, STOCK, LIKENESS, SPEED)
        scope, digest = OrgScope(self.ours.id, "test"), sha256(b"recording").digest()
        async with self.beside.database.transaction(scope) as tx:
            return (await self.beside.fitted_voices.add(tx, name, CONSENT, fitted, digest)).id

    async def delete(self, voice_id: UUID) -> None:
        async with self.beside.database.transaction(OrgScope(self.ours.id, "test")) as tx:
            await self.beside.fitted_voices.delete(tx, voice_id)

    async def listed(self, client: httpx.AsyncClient, name: str, *, there: bool) -> dict[str, Any]:
        """What is listed, once the notice of a change has come."""
        for _ in range(200):
            voices = (await client.get("/tts/voices")).json()["voices"]
            if (name in voices) == there:
                return voices
            await asyncio.sleep(0.02)
        raise AssertionError("the change is not seen")


@pytest.fixture
async def bank(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Bank]:
    del app_url
    async with wired(embedded_superuser_url, tmp_path) as parley:
        world = World(parley.runtime, None, parley.live.token, OpenAiApi())
        async with wiring.foundation(parley.runtime.settings, VERSION) as beside:
            yield Bank(parley, beside, await world.organization(), await world.organization())


async def said(client: httpx.AsyncClient, **asked: Any) -> httpx.Response:
    body = {"text": TEXT, "format": "pcm", **asked}
    return await client.post("/tts/synthesize", json=body)


def pitch_of(sound: bytes) -> float:
    """The middle of the spectrum's lower part, in Hz: tells a man from a woman."""
    samples = np.frombuffer(sound, "<i2").astype(float)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(samples.size, 1 / 24000)
    low = (hertz > 60) & (hertz < 350)
    return float((hertz[low] * power[low]).sum() / power[low].sum())


async def test_a_voice_of_one_s_own_is_spoken_at_every_door(bank: Bank) -> None:
    voice_id = str(await bank.add("Ada of the Bank"))
    async with bank.parley.client(bank.ours.key) as client:
        voices = await bank.listed(client, voice_id, there=True)
        assert len(voices) == 55
        listed = voices[voice_id]
        assert (listed["name"], listed["own"], listed["accent"]) == ("Ada of the Bank", True, None)
        assert not voices[STOCK]["own"]
        stock = (await said(client, voice=STOCK, speed=SPEED)).content
        by_name, by_id = [await said(client, voice=name) for name in ("ada of the BANK", voice_id)]
        assert by_name.status_code == by_id.status_code == 200
        assert by_name.content == by_id.content
        assert len(by_name.content) == pytest.approx(len(stock), rel=0.03)
        assert pitch_of(by_name.content) == pytest.approx(pitch_of(stock), rel=0.05)
        usual = (await said(client)).content
        assert pitch_of(usual) > 1.1 * pitch_of(stock)
        sample = await client.get(listed["sample"])
        assert sample.status_code == 200
        assert len(sample.content) > 50_000
    live = bank.parley.live
    address = f"{live.url.replace('http', 'ws')}/tts/stream?token={bank.ours.key}"
    async with connect(address, max_queue=None) as socket:
        await socket.send(json.dumps({"type": "config", "voice": "Ada of the Bank"}))
        await socket.send(json.dumps({"type": "speak", "text": TEXT}))
        sound, messages = await answer(socket)
        assert messages == [{"type": "done"}]
        assert sound == by_name.content
    async with AsyncOpenAI(base_url=f"{live.url}/v1", api_key=bank.ours.key) as openai:
        same = await openai.audio.speech.create(
            model="kokoro", voice=voice_id, input=TEXT, response_format="pcm"
        )
        assert same.content == sound


async def test_another_organization_has_no_such_voice(bank: Bank) -> None:
    voice_id = str(await bank.add("Ada"))
    async with bank.parley.client(bank.ours.key) as client:
        await bank.listed(client, voice_id, there=True)
    for token in (bank.theirs.key, bank.parley.live.token):
        async with bank.parley.client(token) as client:
            assert len((await client.get("/tts/voices")).json()["voices"]) == 54
            for name in ("Ada", voice_id, f"fitted:{bank.ours.id}:{voice_id}"):
                assert (await said(client, voice=name)).status_code == 422
                assert (await client.get(f"/tts/voices/{name}/sample")).status_code == 404
            names = [each["id"] for each in (await client.get("/v1/audio/voices")).json()["voices"]]
            assert not {"Ada", voice_id} & {*names}


async def test_a_deleted_voice_is_spoken_no_more(bank: Bank) -> None:
    voice_id = await bank.add("Ada")
    async with bank.parley.client(bank.ours.key) as client:
        await bank.listed(client, str(voice_id), there=True)
        live = bank.parley.live
        address = f"{live.url.replace('http', 'ws')}/tts/stream?token={bank.ours.key}"
        async with connect(address, max_queue=None) as socket:
            await socket.send(json.dumps({"type": "config", "voice": "Ada"}))
            await socket.send(json.dumps({"type": "speak", "text": TEXT}))
            assert (await answer(socket))[0]
            await bank.delete(voice_id)
            await bank.listed(client, str(voice_id), there=False)
            await socket.send(json.dumps({"type": "speak", "text": TEXT}))
            sound, messages = await answer(socket)
        assert not sound
        assert [message["type"] for message in messages] == ["error", "done"]
        assert messages[0]["code"] == "voice_unknown"
        assert (await said(client, voice="Ada")).status_code == 422
