"""What voice sessions are heard and answered with where the operator says so: VAD_*, ASR_* and
TTS_*. Whatever fails of it, the session goes on."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from app.asr.ears import Ears
from app.asr.elsewhere import HearingRemotely, RemoteRecognizer
from app.calls.agents.domain import ANY_VOICE, AgentSettings
from app.calls.agents.voices import AgentVoices
from app.calls.sessions.conducting import Cast
from app.calls.sessions.live import LiveCall
from app.calls.sessions.mouth import AgentMouth
from app.core.errors import AppError
from app.core.scope import OrgScope
from app.realtime.conversation import Mouth, Spoken
from app.realtime.endpointing import Patience
from app.realtime.events import HearingChanged
from app.realtime.line import Line
from app.tts.domain import VoiceSettings
from app.tts.service import SpeakingService
from app.tts.speech import Manner

_SLOWEST, _FASTEST = 0.5, 2.0
_NOTHING = np.zeros(0, np.float32)

log = logging.getLogger(__name__)


class SessionVoices:
    """`elsewhere`: who speaks for voice sessions alone; none: who speaks for everybody. There
    `voice` and `speed` count where the agent leaves them open; elsewhere has but one voice."""

    def __init__(
        self,
        voices: AgentVoices,
        elsewhere: SpeakingService | None,
        *,
        voice: str = "",
        speed: float = 1.0,
    ) -> None:
        self._voices = voices
        self._elsewhere = elsewhere
        self._voice = voice
        self._speed = speed

    async def mouth(self, scope: OrgScope, settings: AgentSettings, sample_rate: int) -> AgentMouth:
        speaking = self._elsewhere or self._voices.speaking
        manner = await self._manner(scope, settings)
        return AgentMouth(speaking, manner, scope.org_id, sample_rate)

    async def _manner(self, scope: OrgScope, settings: AgentSettings) -> Manner:
        if self._elsewhere:
            asked = VoiceSettings(language=settings.language, speed=settings.speed)
            return await self._elsewhere.manner_of(asked, scope.org_id)
        if self._voice and settings.voice == ANY_VOICE:
            settings = msgspec.structs.replace(settings, voice=self._voice)
        manner = await self._voices.manner(scope, settings)
        speed = min(max(manner.speed * self._speed, _SLOWEST), _FASTEST)
        return replace(manner, speed=speed)


@dataclass(frozen=True, slots=True)
class Backends:
    """`ears`: without who hears elsewhere. `language`: that is spoken; empty: the agent's.
    `silence_s`: ends a turn, unless more is expected."""

    ears: Ears
    voices: SessionVoices
    silence_s: float
    recognizer: RemoteRecognizer | None = None
    language: str = ""

    async def adapt(self, live: LiveCall, cast: Cast) -> Cast:
        line, settings = live.line, live.agent.settings
        mouth = await self.voices.mouth(live.scope, settings, line.playout.sample_rate)
        usual_s = self.silence_s
        return replace(
            cast,
            mouth=OrInWriting(mouth),
            ears=self._ears_on(line),
            language=self.language or cast.language,
            patience=Patience(usual_s, usual_s, max(usual_s, cast.patience.long_s)),
        )

    def _ears_on(self, line: Line) -> Ears:
        if self.recognizer is None:
            return self.ears
        elsewhere = HearingRemotely(self.recognizer, lambda hears: line.tell(HearingChanged(hears)))
        return replace(self.ears, elsewhere=elsewhere)


class OrInWriting:
    """What cannot be spoken is shown."""

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        try:
            async with aclosing(self._mouth.speak(text)) as pieces:
                async for spoken in pieces:
                    yield spoken
        except AppError as error:
            log.warning("a sentence is shown and not spoken: %s", error.code)
            yield Spoken(_NOTHING, is_written=True)
