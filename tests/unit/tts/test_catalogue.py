"""Voices, by every name that they have."""

import pytest

from app.tts.catalogue import KOKORO_VOICES, VoiceCatalogue, find_language
from app.tts.domain import SpeechLanguageUnknown, VoiceNotFound, VoiceUnknown
from app.tts.text.languages import LANGUAGES


@pytest.mark.inventory("WH-231")
def test_there_are_54_voices_in_nine_languages_named_by_accent_and_gender() -> None:
    assert len({voice.id for voice in KOKORO_VOICES}) == 54
    assert len({voice.home.language.code for voice in KOKORO_VOICES}) == 9
    for voice in KOKORO_VOICES:
        accent, gender = voice.id[:2]
        assert voice.home.letter == accent
        assert voice.gender == {"f": "female", "m": "male"}[gender]
        assert voice.id.partition("_")[2] == voice.name.lower()
        assert voice.home.sample


def test_no_name_means_two_voices() -> None:
    names = [name for voice in KOKORO_VOICES for name in (voice.id, *voice.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "language", "voice", "spoken"),
    [
        ("af_heart", "", "af_heart", "en-us"),
        (" AF_Heart ", "", "af_heart", "en-us"),
        ("tara", "", "af_heart", "en-us"),
        ("fable", "", "bm_fable", "en-gb"),
        ("af_heart", "en", "af_heart", "en-us"),
        ("bf_emma", "en", "bf_emma", "en-gb"),
        ("bf_emma", "en-US", "bf_emma", "en-us"),
        ("af_heart", "hi", "af_heart", "hi"),
        ("hf_alpha", "en-IN", "hf_alpha", "en-in"),
        ("default", "", "af_heart", "en-us"),
        ("default", "hi", "hf_alpha", "hi"),
        ("female", "fr", "ff_siwis", "fr"),
        ("male", "en-in", "bm_george", "en-in"),
        ("male", "", "am_michael", "en-us"),
    ],
)
@pytest.mark.inventory("SO-046", "WH-218", "WH-219")
def test_a_voice_and_its_language_are_chosen(
    name: str, language: str, voice: str, spoken: str
) -> None:
    chosen, heard = VoiceCatalogue().choose(name, language)
    assert (chosen.id, heard) == (voice, spoken)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("gender", ["female", "male"])
def test_each_language_has_a_voice_that_is_at_home_in_it(language: str, gender: str) -> None:
    voice, spoken = VoiceCatalogue().choose(gender, language)
    assert spoken == language
    assert voice.home.language.code == language or language == "en-in"


@pytest.mark.parametrize("name", ["zz_nobody", "", "af heart", "x" * 10_000, "af_heart\x00"])
def test_an_unknown_voice_is_said_with_its_field(name: str) -> None:
    catalogue = VoiceCatalogue()
    with pytest.raises(VoiceUnknown) as unknown:
        catalogue.choose(name, "")
    assert unknown.value.details["field"] == "voice"
    assert len(unknown.value.message) < 200
    with pytest.raises(VoiceNotFound):
        catalogue.get(name)


@pytest.mark.parametrize(
    ("asked", "code"),
    [("en", "en-us"), ("EN_gb", "en-gb"), ("pt-PT", "pt-br"), ("cmn", "zh"), ("es-AR", "es")],
)
def test_codes_of_languages_are_understood_as_clients_write_them(asked: str, code: str) -> None:
    assert find_language(asked).code == code


def test_an_unknown_language_is_said_with_those_there_are() -> None:
    with pytest.raises(SpeechLanguageUnknown) as unknown:
        find_language("klingon")
    assert unknown.value.details == {"field": "language", "known": [*LANGUAGES]}
