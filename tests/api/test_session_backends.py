"""Voice sessions that are recognized and spoken elsewhere: servers on loopback, that are there and
then are not."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.calls.sessions import admission
from tests.api.voice_talk import HERE, created, silence, speech, talking
from tests.api.wired import Wired, wired
from tests.fakes import recognizers, speech_vendors
from tests.fakes.vendor import Vendor, said

TEXT = "I would like to see a doctor."
MOMENTS = ("voice_ended_s", "final_text_s", "turn_over_s", "first_token_s", "first_sound_s")
"""Where the time before an answer went."""
DOWN = said(401, {"error": {"message": "gone"}})


@dataclass(frozen=True)
class Place:
    parley: Wired
    ears: recognizers.Recognizer
    mouth: Vendor


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else runs on it is no matter here."""
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)


@pytest.fixture
async def place(own_database_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(recognizers.OllamaWhisper(TEXT).serving())
        mouth = await stack.enter_async_context(speech_vendors.OpenAi().serving())
        own = {
            "PARLEY_DEV_PORTS": "true",
            "VARIANT": "en-tiny",
            "VAD_BACKEND": "webrtc",
            "ASR_BACKEND": "ollama-whisper",
            "ASR_BASE_URL": ears.url,
            "TTS_BACKEND": "openai",
            "TTS_BASE_URL": mouth.url,
            "TTS_API_KEY": speech_vendors.KEY,
            "TTS_MODEL": "gpt-4o-mini-tts",
            "TTS_VOICE": "nova",
            "TTS_SPEED": "1.2",
            "PARLEY_PHRASE_CACHE_MB": "0",
        }
        parley = await stack.enter_async_context(wired(own_database_url, tmp_path, **own))
        yield Place(parley, ears, mouth)


@pytest.mark.inventory("SO-030", "SO-035", "SO-039", "SO-051", "SO-052")
async def test_a_session_goes_on_whatever_of_its_servers_goes_away(place: Place) -> None:
    async with httpx.AsyncClient(base_url=HERE, timeout=30) as client:
        session_id = await created(client)
    async with talking(session_id) as talk:
        await talk.until(lambda: talk.sound_ms > 500)
        asked = place.mouth.asked[0].body
        assert (asked["voice"], asked["speed"], asked["model"]) == ("nova", 1.2, "gpt-4o-mini-tts")
        await talk.socket.send('{"type": "interrupt"}')
        heard_ms = talk.sound_ms
        await talk.say(silence(1), speech(), silence(2))
        await talk.until(lambda: talk.of("turn_complete", transcript=TEXT))
        assert talk.of("transcript", text=TEXT)
        assert place.ears.asked[0].body["language"] == ["en"]
        await talk.until(lambda: talk.sound_ms > heard_ms + 500)
        assert not talk.of("error")

        place.mouth.scripted = [DOWN] * 100
        await talk.say(silence(1), speech(), silence(2))
        await talk.until(lambda: len(talk.of("turn_complete", transcript=TEXT)) == 2)
        await talk.until(lambda: talk.of("text_response"))
        assert [event["error"] for event in talk.of("error")] == ["TTS service unavailable"]
        assert talk.of("text_response")[0]["text"].strip()
        await talk.until(lambda: talk.events[-1].get("status") == "listening")

        place.ears.scripted = [said(503, {})] * 100
        turns = len(talk.of("turn_complete"))
        await talk.say(silence(1), speech(), silence(1), speech(), silence(1))
        await talk.until(lambda: talk.of("error", error="ASR service unavailable"))
        await talk.until(lambda: talk.of("partial_transcript", text="..."))
        assert len(talk.of("error")) == 2

        place.ears.scripted, place.ears.texts = [], ["Asha Rao."]
        place.mouth.scripted = []
        heard_ms = talk.sound_ms
        await talk.say(silence(1), speech(), silence(2))
        await talk.until(lambda: talk.of("turn_complete", transcript="Asha Rao."))
        assert len(talk.of("turn_complete")) == turns + 1
        await talk.until(lambda: talk.sound_ms > heard_ms)
        written = talk.of("text_response")[0]["text"].strip()
    async with place.parley.client() as client:
        (call,) = (await client.get("/bot/api/calls?limit=1")).json()
        transcript = (await client.get(f"/bot/api/calls/{call['id']}/transcript")).json()
    turns = transcript["transcript"]
    assert any(written in turn["text"] for turn in turns if turn["role"] == "agent")
    timings = next(turn["timings"] for turn in turns[1:] if turn["role"] == "agent")
    moments = [timings[name] for name in MOMENTS]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] >= 0.5  # VAD_MIN_SILENCE_DURATION
