"""Which voice an agent speaks with, of whoever's voices these are."""

import pytest

from app.calls.agents.domain import settings_of
from app.calls.agents.voices import chosen_voice
from app.tts.catalogue import Voice, VoiceCatalogue
from app.tts.domain import SpeechLanguageUnknown, VoiceUnknown
from app.tts.engines.remote_voices import RemoteVoices

OWN = Voice("3f0c", "Ada", "fitted:3f0c", aliases=("Ada",), is_own=True)
KOKORO = VoiceCatalogue([OWN])
VENDOR = RemoteVoices(["rachel", "adam"], {"en": "English"})


@pytest.mark.parametrize(
    ("catalogue", "fields", "voice"),
    [
        (KOKORO, {}, "af_heart"),
        (KOKORO, {"voice": "tara"}, "af_heart"),
        (KOKORO, {"voice": "am_adam", "voice_gender": "female"}, "am_adam"),
        (KOKORO, {"voice_gender": "male"}, "am_michael"),
        (KOKORO, {"voice_gender": "female", "language": "hi"}, "hf_alpha"),
        (KOKORO, {"language": "fr"}, "ff_siwis"),
        (KOKORO, {"voice": "ada"}, "3f0c"),
        (VENDOR, {}, "rachel"),
        (VENDOR, {"voice": "Adam"}, "adam"),
        (VENDOR, {"voice_gender": "male"}, "rachel"),
    ],
)
def test_a_voice_is_chosen(
    catalogue: VoiceCatalogue | RemoteVoices, fields: dict[str, str], voice: str
) -> None:
    assert chosen_voice(catalogue, settings_of({"name": "A", **fields})).id == voice


@pytest.mark.parametrize("catalogue", [KOKORO, VENDOR])
def test_a_voice_or_language_that_nobody_has_is_refused(
    catalogue: VoiceCatalogue | RemoteVoices,
) -> None:
    with pytest.raises(VoiceUnknown):
        chosen_voice(catalogue, settings_of({"name": "A", "voice": "nobody"}))
    with pytest.raises(SpeechLanguageUnknown):
        chosen_voice(catalogue, settings_of({"name": "A", "language": "tlh"}))
