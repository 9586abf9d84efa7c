"""The voice that an agent asks for: one of everybody's, or one that its organization made."""

from uuid import UUID

from app.calls.agents.domain import AgentSettings, gender_not_applied
from app.core.db import Tx
from app.core.not_applied import NotApplied
from app.core.scope import OrgScope
from app.tts.catalogue import find_language
from app.tts.domain import VoiceSettings, VoiceUnknown
from app.tts.fitted_voices import FittedVoiceNotFound, FittedVoices
from app.tts.packs_at_hand import PacksAtHand
from app.tts.service import SpeakingService
from app.tts.speech import Manner

_AT_HOME = "en-us"
"""What a fitted voice speaks unless it is told otherwise."""


class AgentVoices:
    def __init__(self, speaking: SpeakingService, fitted: FittedVoices, packs: PacksAtHand) -> None:
        self.speaking = speaking
        self._fitted = fitted
        self._packs = packs

    async def check(self, tx: Tx, settings: AgentSettings) -> None:
        """Raises VoiceUnknown or SpeechLanguageUnknown, which name the field."""
        own = _own_voice(settings)
        if own is None:
            self.speaking.manner_of(_asked(settings))
            return
        _language(settings)
        try:
            await self._fitted.get(tx, own)
        except FittedVoiceNotFound:
            raise VoiceUnknown(
                f"voice: the organization has no voice {settings.voice}", field="voice"
            ) from None

    async def manner(self, scope: OrgScope, settings: AgentSettings) -> Manner:
        """How the agent speaks now. Raises where its voice was deleted since it was chosen."""
        own = _own_voice(settings)
        if own is None:
            return self.speaking.manner_of(_asked(settings))
        pack = await self._packs.prepare(scope, own)
        return Manner(voice=pack, language=_language(settings), speed=settings.speed)

    def not_applied(self, settings: AgentSettings) -> list[NotApplied]:
        if _own_voice(settings):
            return []
        manner = self.speaking.manner_of(_asked(settings))
        gender = self.speaking.catalogue.get(manner.voice).gender
        return [*gender_not_applied(settings, gender), *self.speaking.find_not_applied(manner)]


def _own_voice(settings: AgentSettings) -> UUID | None:
    try:
        return UUID(settings.voice)
    except ValueError:
        return None


def _asked(settings: AgentSettings) -> VoiceSettings:
    return VoiceSettings(
        voice=settings.asked_voice, language=settings.language, speed=settings.speed
    )


def _language(settings: AgentSettings) -> str:
    return find_language(settings.language or _AT_HOME).code
