"""An agent as voice sessions have it, and sentences that cannot be spoken."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest

from app.asr.ears import Ears
from app.asr.elsewhere import HearingRemotely
from app.calls.agents.domain import AgentSettings
from app.calls.sessions.backends import Backends, OrInWriting, SessionVoices
from app.calls.sessions.conducting import Cast
from app.core.errors import Unavailable
from app.core.scope import OrgScope
from app.realtime.conversation import Spoken
from app.realtime.endpointing import Patience
from app.realtime.utterance import Utterance
from app.realtime.words import small_words
from app.tts.domain import VoiceSettings
from app.tts.speech import Manner

SCOPE = OrgScope(uuid4(), "test")
TONE = np.ones(160, np.float32)


class Voices:
    """`AgentVoices` without any voice."""

    speaking = cast("Any", "ours")

    async def manner(self, scope: OrgScope, settings: AgentSettings) -> Manner:
        assert scope is SCOPE
        return Manner(settings.asked_voice, "en-us", settings.speed)


class Elsewhere:
    """A `SpeakingService` elsewhere."""

    async def manner_of(self, settings: VoiceSettings, owner: object = None) -> Manner:
        assert settings.voice is None
        return Manner("nova", settings.language, settings.speed)


def voices(elsewhere: Any = None, **left_open: Any) -> SessionVoices:
    return SessionVoices(cast("Any", Voices()), elsewhere, **left_open)


async def adapted(backends: Backends, settings: AgentSettings, patience: Patience) -> Cast:
    unused = cast("Any", None)
    words = small_words("en")
    usual = Cast(unused, unused, words, language="en", patience=patience)
    line = SimpleNamespace(playout=SimpleNamespace(sample_rate=16_000), tell=None)
    live = SimpleNamespace(scope=SCOPE, line=line, agent=SimpleNamespace(settings=settings))
    return await backends.adapt(cast("Any", live), usual)


def manner_of(cast_: Cast) -> tuple[Any, Manner]:
    mouth = cast("Any", cast_.mouth)._mouth
    return mouth._speaking, mouth._manner


@pytest.mark.inventory("SO-034")
@pytest.mark.parametrize(
    ("silence_s", "patience"),
    [(0.5, Patience(0.5, 0.5, 1.5)), (0.4, Patience(0.4, 0.4, 1.5)), (2.0, Patience(2, 2, 2))],
)
async def test_the_silence_that_ends_a_turn_is_the_operator_s(
    silence_s: float, patience: Patience
) -> None:
    ears = Ears("energy")
    backends = Backends(ears, voices(), silence_s)
    found = await adapted(backends, AgentSettings(name="A"), Patience(0.35, 0.6, 1.5))
    assert found.patience == patience
    assert found.ears is ears
    assert found.language == "en"


@pytest.mark.inventory("SO-038")
async def test_whoever_recognizes_elsewhere_is_asked_in_the_operator_s_language() -> None:
    backends = Backends(
        Ears("webrtc"), voices(), 0.5, recognizer=cast("Any", object()), language="de"
    )
    found = await adapted(backends, AgentSettings(name="A"), Patience())
    assert found.language == "de"
    assert found.ears.activity == "webrtc"
    assert isinstance(found.ears.elsewhere, HearingRemotely)


@pytest.mark.inventory("SO-042", "SO-043")
async def test_the_operator_s_voice_speaks_where_the_agent_names_none() -> None:
    backends = Backends(Ears(), voices(voice="female", speed=1.2), 0.5)
    open_, named = AgentSettings(name="A"), AgentSettings(name="A", voice="am_adam", speed=2.0)
    assert manner_of(await adapted(backends, open_, Patience())) == (
        "ours",
        Manner("female", "en-us", 1.2),
    )
    assert manner_of(await adapted(backends, named, Patience())) == (
        "ours",
        Manner("am_adam", "en-us", 2.0),
    )


async def test_elsewhere_there_is_one_voice_for_all_agents() -> None:
    elsewhere = Elsewhere()
    backends = Backends(Ears(), voices(elsewhere), 0.5)
    settings = AgentSettings(name="A", voice="am_adam", speed=1.5, language="en-us")
    assert manner_of(await adapted(backends, settings, Patience())) == (
        elsewhere,
        Manner("nova", "en-us", 1.5),
    )


class Hoarse:
    """A `Mouth` that fails after so many pieces."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        for _ in range(self._pieces):
            yield Spoken(TONE)
        raise Unavailable(f"{text} cannot be said")


@pytest.mark.inventory("SO-052")
@pytest.mark.parametrize("pieces", [0, 2])
async def test_what_cannot_be_spoken_to_its_end_is_written(pieces: int) -> None:
    said = [spoken async for spoken in OrInWriting(Hoarse(pieces)).speak("Hello.")]
    assert [spoken.is_written for spoken in said] == [False] * pieces + [True]
    assert not said[-1].sound.size


def test_what_was_written_counts_as_heard() -> None:
    said = Utterance()
    said.begin("Hello there.", 0.0)
    said.end()
    said.begin("Who are you?", 0.0)
    said.write()
    said.end()
    assert said.heard(0.0) == "Who are you?"
