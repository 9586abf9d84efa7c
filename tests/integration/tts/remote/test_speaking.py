"""What each vendor is asked for, and what is heard of its answer."""

import numpy as np
import pytest
from openai import AsyncOpenAI

from app.core.audio.convert import float_from_int16
from app.core.setting_fields import Secret, SettingInvalid
from app.core.settings import Tts
from app.tts.domain import SpeechLanguageUnknown, VoiceUnknown
from app.tts.engines.chosen import remote_engine, remote_voices
from tests.fakes.speech_vendors import KEY, LETTER_S, tone
from tests.integration.tts.remote.conftest import Speaking, sound_of, speaking, words_of

TEXT = "The boy was there when the sun rose."


async def test_every_sample_is_heard_once_and_in_order(any_vendor: Speaking) -> None:
    heard = sound_of(await any_vendor.say(TEXT))
    sent = float_from_int16(np.frombuffer(tone(TEXT), "<i2"))
    assert np.array_equal(heard, sent)


async def test_it_is_heard_while_it_comes() -> None:
    async with speaking("openai") as asked:
        chunks = await asked.say(TEXT)
    assert len(chunks) > 5


async def test_openai_s_own_client_hears_the_same_of_the_stand_in() -> None:
    async with speaking("openai") as asked:
        own = AsyncOpenAI(api_key=KEY, base_url=f"{asked.vendor.url}/v1")
        async with (
            own,
            own.audio.speech.with_streaming_response.create(
                model="gpt-4o-mini-tts", voice="alloy", input=TEXT, response_format="pcm"
            ) as answer,
        ):
            theirs = await answer.read()
        ours = sound_of(await asked.say(TEXT))
    assert np.array_equal(ours, float_from_int16(np.frombuffer(theirs, "<i2")))
    first, second = asked.vendor.asked
    assert (first.method, first.path) == (second.method, second.path)
    assert set(first.body) <= set(second.body)


async def test_sentences_go_together_unless_a_pause_is_asked_for(any_vendor: Speaking) -> None:
    await any_vendor.say("One here.", "Two here.")
    together = sound_of(await any_vendor.say("One here.", pause_s=0.5))
    assert len(any_vendor.bodies) == 2
    said = [body.get("input") or body["text"] for body in any_vendor.bodies]
    assert said == ["One here. Two here.", "One here."]
    spoken = round(len("One here.") * LETTER_S * 24000)
    assert together.size == spoken + 12000
    assert not together[spoken:].any()


async def test_no_request_is_longer_than_the_vendor_takes(any_vendor: Speaking) -> None:
    long = " ".join(["wordful"] * 900)
    heard = sound_of(await any_vendor.say(long))
    texts = [body.get("input") or body["text"] for body in any_vendor.bodies]
    assert len(texts) > 1
    assert " ".join(texts) == long
    assert heard.size == sum(len(tone(text)) // 2 for text in texts)


@pytest.mark.inventory("SO-039", "SO-040", "SO-041", "SO-042", "SO-043")
async def test_a_server_of_one_s_own_is_asked_as_the_settings_say() -> None:
    async with speaking("openai", voice="nova", speed=1.5, backend="openai") as asked:
        await asked.say(TEXT, speed=2.0, instruct="calmly")
    assert asked.bodies == [
        {
            "model": "gpt-4o-mini-tts",
            "input": TEXT,
            "voice": "nova",
            "response_format": "pcm",
            "speed": 3.0,
            "instructions": "calmly",
        }
    ]
    assert asked.vendor.asked[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_address_may_end_with_the_version() -> None:
    async with speaking("openai") as asked:
        settings = Tts(
            engine="openai",
            base_url=f"{asked.vendor.url}/v1/",
            api_key=Secret(KEY),
            model="gpt-4o-mini-tts",
            voice="alloy",
        )
        async with remote_engine(settings) as engine:
            assert sound_of(await Speaking(asked.vendor, engine, asked.voice).say(TEXT)).size
    assert asked.vendor.asked[0].path == "/v1/audio/speech"


async def test_the_times_of_words_come_with_the_sound() -> None:
    text = "The boy was there."
    async with speaking("elevenlabs") as asked:
        chunks = await asked.say(text, text, pause_s=0.5)
    words = words_of(chunks)
    assert [text[word.begin : word.end] for word in words] == ["The", "boy", "was", "there."] * 2
    starts = [text.index(word) * LETTER_S for word in ("The", "boy", "was", "there.")]
    second = len(text) * LETTER_S + 0.5
    expected = [*starts, *(second + start for start in starts)]
    assert [word.start_s for word in words] == pytest.approx(expected, abs=1e-3)
    assert [word.end_s - word.start_s for word in words] == pytest.approx(
        [len(word.text) * LETTER_S for word in words], abs=1e-3
    )
    heard_s = 0.0
    for chunk in chunks:
        for word in chunk.words:
            assert word.start_s >= heard_s - 8 * LETTER_S
        heard_s += chunk.samples.size / 24000


async def test_elevenlabs_is_told_what_differs_from_the_voice_s_own_settings() -> None:
    async with speaking("elevenlabs") as asked:
        await asked.say(TEXT, language="hi")
        await asked.say(TEXT, speed=2.0, exaggeration=1.5)
    plain, changed = asked.bodies
    assert plain == {"text": TEXT, "model_id": "eleven_flash_v2_5", "language_code": "hi"}
    assert changed["voice_settings"] == {"speed": 1.2, "style": 1.0}


async def test_a_model_that_takes_no_language_is_told_none() -> None:
    async with speaking("elevenlabs", model="eleven_multilingual_v2") as asked:
        assert sound_of(await asked.say(TEXT)).size
    assert "language_code" not in asked.bodies[0]


async def test_sarvam_is_told_the_language_as_it_is_spoken_in_india() -> None:
    async with speaking("sarvam") as asked:
        await asked.say("नमस्ते दुनिया", language="hi", speed=1.2, temperature=0.0)
        await asked.say(TEXT, language="en-us")
    hindi, english = asked.bodies
    assert hindi["text"] == "नमस्ते दुनिया"
    assert (hindi["target_language_code"], hindi["pace"]) == ("hi-IN", 1.2)
    assert hindi["temperature"] == 0.01
    assert english["target_language_code"] == "en-IN"
    assert (english["model"], english["speaker"]) == ("bulbul:v3", "shubh")


async def test_sarvam_s_earlier_model_has_no_temperature() -> None:
    async with speaking("sarvam", model="bulbul:v2", voice="anushka") as asked:
        assert sound_of(await asked.say(TEXT, temperature=1.0)).size
        assert "temperature" in asked.engine.ignores
    async with speaking("sarvam") as asked:
        assert "temperature" not in asked.engine.ignores


async def test_where_no_language_is_asked_for_the_vendor_finds_out() -> None:
    async with speaking("elevenlabs") as asked:
        await asked.say(TEXT, language="")
        assert "language_code" not in asked.bodies[0]
    async with speaking("sarvam") as asked:
        await asked.say(TEXT, language="")
        assert asked.bodies[0]["target_language_code"] == "en-IN"


def test_the_voices_are_those_that_the_operator_named() -> None:
    voices = remote_voices(Tts(engine="openai", voice=" alloy, nova ,"))
    assert [voice.id for voice in voices.voices] == ["alloy", "nova"]
    assert voices.default == "alloy"
    for name, chosen in (("Nova", "nova"), ("default", "alloy")):
        voice, language = voices.choose(name, "")
        assert (voice.key, language) == (chosen, "")
    for name in ("af_heart", "onyx", "female", ""):
        with pytest.raises(VoiceUnknown):
            voices.choose(name, "")
    assert [voice.id for voice in remote_voices(Tts(engine="sarvam")).voices] == ["shubh"]
    with pytest.raises(SettingInvalid):
        remote_voices(Tts(engine="openai", voice=" , "))


def test_a_language_goes_to_the_vendor_unless_it_is_known_not_to_speak_it() -> None:
    anything = remote_voices(Tts(engine="elevenlabs"))
    assert anything.languages == ()
    for asked, code in (("ta_IN", "ta-in"), (" FR ", "fr")):
        assert anything.choose("default", asked)[1] == code
    with pytest.raises(SpeechLanguageUnknown):
        anything.choose("default", 'en", "x')
    sarvam = remote_voices(Tts(engine="sarvam"))
    assert {language.code for language in sarvam.languages} >= {"ta", "or", "hi"}
    assert sarvam.choose("default", "ta-IN")[1] == "ta-in"
    with pytest.raises(SpeechLanguageUnknown):
        sarvam.choose("default", "fr")


@pytest.mark.parametrize("engine", ["elevenlabs", "sarvam"])
async def test_a_vendor_without_a_key_stops_the_start(engine: str) -> None:
    with pytest.raises(SettingInvalid, match=f"TTS_ENGINE is {engine}, which asks for"):
        async with speaking(engine, api_key=""):
            pass


async def test_a_server_of_one_s_own_needs_no_key() -> None:
    async with speaking("openai", api_key="") as asked:
        with pytest.raises(Exception, match="key"):
            await asked.say(TEXT)
    assert "authorization" not in asked.vendor.asked[0].headers
