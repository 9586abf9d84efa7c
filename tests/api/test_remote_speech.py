"""Speech by a vendor, through the doors of a Parley that is set up for it. The vendors are
stand-ins that check what they are sent as their documents say."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from tests.api.test_tts import answer
from tests.api.wired import Wired, wired
from tests.fakes.speech_vendors import KEY, ElevenLabs, OpenAi, Sarvam, tone
from tests.fakes.vendor import Vendor, said

TEXT = "The boy was there at 5:30."
VENDORS: dict[str, tuple[type[Vendor], dict[str, str]]] = {
    "openai": (OpenAi, {"TTS_MODEL": "gpt-4o-mini-tts", "TTS_VOICE": "alloy,nova"}),
    "elevenlabs": (ElevenLabs, {"TTS_VOICE": ElevenLabs.voice}),
    "sarvam": (Sarvam, {"TTS_VOICE": "shubh,anushka"}),
}


@dataclass(frozen=True)
class Set:
    engine: str
    vendor: Vendor
    parley: Wired
    voices: list[str]


@pytest.fixture(params=VENDORS)
async def spoken_by(
    request: pytest.FixtureRequest, app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> AsyncGenerator[Set]:
    del app_url
    kind, settings = VENDORS[request.param]
    async with kind().serving() as vendor:
        own = {"TTS_ENGINE": request.param, "TTS_API_KEY": KEY, "TTS_BASE_URL": vendor.url}
        async with wired(embedded_superuser_url, tmp_path, **own, **settings) as parley:
            yield Set(request.param, vendor, parley, settings["TTS_VOICE"].split(","))


def voice_of(engine: str, vendor: Vendor) -> str:
    """That the vendor was asked for last."""
    asked = vendor.asked[-1]
    if engine == "elevenlabs":
        return asked.path.split("/")[3]
    return asked.body["voice" if engine == "openai" else "speaker"]


async def test_the_voices_are_the_vendor_s(spoken_by: Set) -> None:
    async with spoken_by.parley.client() as client:
        listed = (await client.get("/tts/voices")).json()
        assert [*listed["voices"]] == spoken_by.voices
        assert listed["default"] == spoken_by.voices[0]
        assert bool(listed["languages"]) == (spoken_by.engine == "sarvam")
        first = listed["voices"][spoken_by.voices[0]]
        assert (first["gender"], first["accent"], first["language"]) == (None, None, None)
        theirs = (await client.get("/v1/audio/voices")).json()["voices"]
        assert [voice["id"] for voice in theirs] == spoken_by.voices
        status = (await client.get("/tts/status")).json()
        assert (status["engine"], status["voices"]) == (spoken_by.engine, len(spoken_by.voices))
        sample = await client.get(first["sample"])
        assert sample.status_code == 200
        assert len(sample.content) > 20_000
        missing = await client.get("/tts/voices/af_heart/sample")
        assert missing.status_code == 404


async def test_a_text_is_said_by_the_vendor_in_the_voice_that_was_asked_for(spoken_by: Set) -> None:
    vendor = spoken_by.vendor
    async with spoken_by.parley.client() as client:
        for asked in (None, *spoken_by.voices):
            body: dict[str, Any] = {"text": TEXT, "format": "pcm", "voice": asked}
            made = await client.post("/tts/synthesize", json=body)
            assert made.status_code == 200, made.text
            assert made.content == tone(TEXT)
            assert voice_of(spoken_by.engine, vendor) == (asked or spoken_by.voices[0])
        count = len(vendor.asked)
        for body in ({"voice": "af_heart"}, {"language": "klingon!"}):
            wrong = await client.post("/tts/synthesize", json={"text": TEXT, **body})
            assert wrong.status_code == 422, wrong.text
        assert len(vendor.asked) == count


async def test_a_socket_gets_sound_and_what_the_vendor_says_is_wrong(spoken_by: Set) -> None:
    live = spoken_by.parley.live
    address = f"{live.url.replace('http', 'ws')}/tts/stream?token={live.token}"
    async with connect(address, max_queue=None) as socket:
        await socket.send(json.dumps({"type": "speak", "text": TEXT}))
        sound, messages = await answer(socket)
        assert np.array_equal(np.frombuffer(sound, "<i2"), np.frombuffer(tone(TEXT), "<i2"))
        assert messages[-1] == {"type": "done"}
        spoken_by.vendor.scripted = [
            said(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
        ]
        await socket.send(json.dumps({"type": "speak", "text": "Another one."}))
        sound, messages = await answer(socket)
        assert (sound, messages[-1]) == (b"", {"type": "done", "failed": True})
        assert messages[0]["type"] == "error"
        assert KEY not in json.dumps(messages)


async def test_the_client_of_openai_hears_the_vendor(spoken_by: Set) -> None:
    live = spoken_by.parley.live
    async with AsyncOpenAI(base_url=f"{live.url}/v1", api_key=live.token, max_retries=0) as client:
        made = await client.audio.speech.create(
            model="tts-1", voice=spoken_by.voices[-1], input=TEXT, response_format="pcm"
        )
    assert made.content == tone(TEXT)
    assert voice_of(spoken_by.engine, spoken_by.vendor) == spoken_by.voices[-1]


async def test_other_languages_reach_who_speaks_them(spoken_by: Set) -> None:
    text = "வணக்கம் உலகம்"
    async with spoken_by.parley.client() as client:
        body = {"text": text, "language": "ta", "format": "pcm"}
        made = await client.post("/tts/synthesize", json=body)
    assert made.content == tone(text)
    asked = spoken_by.vendor.asked[-1].body
    assert (asked.get("input") or asked["text"]) == text
