"""The voice that an agent asks for: one of everybody's, or one that its organization made."""

from dataclasses import replace

from app.calls.agents.domain import ANY_VOICE, AgentSettings, gender_not_applied
from app.core.not_applied import NotApplied
from app.core.scope import OrgScope
from app.tts.catalogue import Catalogue, Voice
from app.tts.domain import VoiceSettings, VoiceUnknown
from app.tts.service import SpeakingService
from app.tts.speech import Manner


class AgentVoices:
    def __init__(self, speaking: SpeakingService) -> None:
        self.speaking = speaking

    async def catalogue(self, scope: OrgScope) -> Catalogue:
        """Not within a transaction."""
        return await self.speaking.catalogue_of(scope.org_id)

    async def manner(self, scope: OrgScope, settings: AgentSettings) -> Manner:
        """How the agent speaks now. Raises where its voice was deleted since it was chosen."""
        voice = chosen_voice(await self.catalogue(scope), settings)
        asked = VoiceSettings(voice=voice.id, language=settings.language, speed=settings.speed)
        manner = await self.speaking.manner_of(asked, scope.org_id)
        return replace(manner, hundreds=settings.behavior.number_pronunciation)

    async def not_applied(self, scope: OrgScope, settings: AgentSettings) -> list[NotApplied]:
        voice = chosen_voice(await self.catalogue(scope), settings)
        manner = await self.manner(scope, settings)
        gender = gender_not_applied(settings, voice.gender) if voice.gender else []
        return [*gender, *self.speaking.find_not_applied(manner)]


def chosen_voice(catalogue: Catalogue, settings: AgentSettings) -> Voice:
    """Raises VoiceUnknown or SpeechLanguageUnknown, which name the field. A gender is a wish: not
    every vendor's voices are known by theirs."""
    try:
        voice, _ = catalogue.choose(settings.asked_voice, settings.language)
    except VoiceUnknown:
        if settings.voice != ANY_VOICE:
            raise
        voice, _ = catalogue.choose(ANY_VOICE, settings.language)
    return voice
