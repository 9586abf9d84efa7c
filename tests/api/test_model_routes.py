"""`/bot/api/models`: the models alone, as other clients ask for them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.wall.world import world
from tests.fakes.openai_api import MODEL, Reply

MODELS = "/bot/api/models"
SAID = "We are open from nine to five."
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)
SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Good morning."}


@pytest.mark.inventory("EX-032")
async def test_the_models_chat_speak_and_listen(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with world(embedded_superuser_url, tmp_path, VARIANT="en-tiny") as parley:
        organization = await parley.organization()
        parley.model.replies = [Reply("Good morning to you.")]
        async with parley.client(token=organization.key) as client:
            body = {"messages": [SYSTEM, USER], "fast": True, "max_tokens": 50}
            answer = (await client.post(f"{MODELS}/chat", json=body)).json()
            assert (answer["text"], answer["model"]) == ("Good morning to you.", f"local {MODEL}")
            assert answer["usage"]["output_tokens"] > 0
            assert "Be brief." in str(parley.model.asked[-1].body["messages"])
            wrong: list[dict[str, Any]] = [
                {"messages": []},
                {"messages": [SYSTEM]},
                {**body, "max_tokens": 0},
            ]
            for refused in [await client.post(f"{MODELS}/chat", json=each) for each in wrong]:
                assert refused.status_code == 400, refused.text

            listed = (await client.get(f"{MODELS}/voices")).json()
            voices = {voice["id"]: voice for voice in listed["voices"]}
            assert voices["am_michael"]["gender"] == "male"
            assert voices["am_michael"]["engine"] == listed["default_engine"]

            body = {"text": SAID, "voice": "am_michael"}
            spoken = await client.post(f"{MODELS}/tts", json=body)
            assert spoken.headers["content-type"] == "audio/mpeg"
            sound = decode_audio(BytesIO(spoken.content), sample_rate=16_000, limits=LIMITS)
            unknown = await client.post(f"{MODELS}/tts", json={"text": SAID, "voice": "nobody"})
            assert (unknown.status_code, "nobody" in unknown.text) == (422, True), unknown.text

            form = {"language": "", "model": "", "diarize": "false"}
            files = {"file": ("said.mp3", spoken.content)}
            heard = (await client.post(f"{MODELS}/transcribe", files=files, data=form)).json()
            assert "open from" in heard["text"].casefold()
            assert heard["duration_seconds"] == pytest.approx(sound.size / 16_000, abs=0.1)
            assert [each["text"] for each in heard["segments"]]
            nothing = await client.post(f"{MODELS}/transcribe", data=form)
            assert nothing.status_code in (400, 415)
