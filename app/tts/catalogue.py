"""The voices and languages there are, their other names, and what is known of each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.tts.domain import DEFAULT_VOICE, SpeechLanguageUnknown, VoiceNotFound, VoiceUnknown
from app.tts.text.languages import LANGUAGES, Language, language_of

Gender = Literal["female", "male"]

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Home:
    """Voices whose id begins with `letter` are at home in `language`."""

    letter: str
    language: Language
    accent: str
    female: str
    male: str
    sample: str


_ENGLISH_SAMPLE = "Hello! This is how I sound when I read a sentence or two to you."
_HOMES = (
    Home("a", LANGUAGES["en-us"], "American", "af_heart", "am_michael", _ENGLISH_SAMPLE),
    Home("b", LANGUAGES["en-gb"], "British", "bf_emma", "bm_george", _ENGLISH_SAMPLE),
    Home(
        "e", LANGUAGES["es"], "Spanish", "ef_dora", "em_alex",
        "¡Hola! Así sueno cuando te leo una o dos frases.",
    ),
    Home(
        "f", LANGUAGES["fr"], "French", "ff_siwis", "ff_siwis",
        "Bonjour ! Voici ma voix quand je vous lis une phrase ou deux.",
    ),
    Home(
        "h", LANGUAGES["hi"], "Indian", "hf_alpha", "hm_omega",
        "नमस्ते! मेरी आवाज़ ऐसी सुनाई देती है।",
    ),
    Home(
        "i", LANGUAGES["it"], "Italian", "if_sara", "im_nicola",
        "Ciao! Questa è la mia voce quando leggo una frase o due.",
    ),
    Home(
        "j", LANGUAGES["ja"], "Japanese", "jf_alpha", "jm_kumo",
        "こんにちは。これが私の声です。",
    ),
    Home(
        "p", LANGUAGES["pt-br"], "Brazilian", "pf_dora", "pm_alex",
        "Olá! É assim que eu falo quando leio uma ou duas frases.",
    ),
    Home(
        "z", LANGUAGES["zh"], "Mandarin", "zf_xiaoxiao", "zm_yunxi",
        "你好。这就是我的声音。",
    ),
)  # fmt: skip
ANYWHERE = Home("", LANGUAGES["en-us"], "", "", "", _ENGLISH_SAMPLE)
"""Of voices whose accent is not known."""

_BY_LETTER = {home.letter: home for home in _HOMES}
_BY_LANGUAGE = {home.language.code: home for home in _HOMES} | {"en-in": _BY_LETTER["b"]}

_GRADES = {
    "af": "heart:A alloy:C aoede:C+ bella:A- jessica:D kore:C+ nicole:B- nova:C river:D sarah:C+ "
    "sky:C-",
    "am": "adam:F+ echo:D eric:D fenrir:C+ liam:D michael:C+ onyx:D puck:C+ santa:D-",
    "bf": "alice:D emma:B- isabella:C lily:D",
    "bm": "daniel:D fable:C george:C lewis:D+",
    "ef": "dora:",
    "em": "alex: santa:",
    "ff": "siwis:B-",
    "hf": "alpha:C beta:C",
    "hm": "omega:C psi:C",
    "if": "sara:C",
    "im": "nicola:C",
    "jf": "alpha:C+ gongitsune:C nezumi:C- tebukuro:C",
    "jm": "kumo:C-",
    "pf": "dora:",
    "pm": "alex: santa:",
    "zf": "xiaobei:D xiaoni:D xiaoxiao:D xiaoyi:D",
    "zm": "yunjian:D yunxi:D yunxia:D yunyang:D",
}
"""What the authors of the voices say of each, where they do: how much there was to train it on and
how good that was."""

_ALIASES = {
    "af_heart": "tara marin",
    "af_alloy": "alloy",
    "af_bella": "shimmer leah",
    "af_kore": "sage",
    "af_nicole": "mia",
    "af_nova": "nova",
    "af_sarah": "coral jess",
    "af_aoede": "zoe",
    "am_echo": "echo",
    "am_fenrir": "cedar leo",
    "am_michael": "ash dan",
    "am_onyx": "onyx",
    "am_puck": "verse zac",
    "bm_fable": "fable",
    "bm_george": "ballad",
    "hf_alpha": "anushka arya",
    "hf_beta": "manisha vidya",
    "hm_omega": "abhilash hitesh",
    "hm_psi": "karun",
}
"""Names of voices in the APIs that are served here, by the voice that answers to them."""

_OF_LANGUAGE = ("default", "female", "male")
"""Names that mean a voice of the language that is asked for."""


@dataclass(frozen=True, slots=True)
class Voice:
    """`key`: what the engine knows it by. `is_own`: an organization had it made for itself."""

    id: str
    name: str
    key: str
    gender: Gender | None = None
    home: Home = ANYWHERE
    grade: str = ""
    aliases: tuple[str, ...] = ()
    is_own: bool = False


class SpokenLanguage(Protocol):
    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def quality(self) -> str: ...


class Catalogue(Protocol):
    """What can be asked for. `default` is the voice of who asks for none."""

    @property
    def voices(self) -> Sequence[Voice]: ...

    @property
    def default(self) -> str: ...

    @property
    def languages(self) -> Sequence[SpokenLanguage]: ...

    def choose(self, name: str, asked_language: str) -> tuple[Voice, str]:
        """And the code of the language. Raises `VoiceUnknown` or `SpeechLanguageUnknown`."""
        ...

    def get(self, name: str) -> Voice:
        """Raises `VoiceNotFound`."""
        ...


def _voices() -> tuple[Voice, ...]:
    return tuple(
        Voice(
            f"{prefix}_{name}",
            name.capitalize(),
            f"{prefix}_{name}",
            "female" if prefix[1] == "f" else "male",
            _BY_LETTER[prefix[0]],
            grade,
            tuple(_ALIASES.get(f"{prefix}_{name}", "").split()),
        )
        for prefix, graded in _GRADES.items()
        for name, _, grade in (each.partition(":") for each in graded.split())
    )


KOKORO_VOICES = _voices()


class NamedVoices:
    """By ids and other names, in whatever case. Of two of one name it is the later."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._by_name = {
            name.lower(): voice for voice in voices for name in (*voice.aliases, voice.id)
        }

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def choose(self, name: str) -> Voice:
        voice = self._by_name.get(name.strip().lower())
        if voice is None:
            raise VoiceUnknown(
                f"voice: there is no voice {name[:_SHOWN]!r}; GET /tts/voices lists them",
                field="voice",
            )
        return voice

    def get(self, name: str) -> Voice:
        voice = self._by_name.get(name.strip().lower())
        if voice is None:
            raise VoiceNotFound(f"There is no voice {name[:_SHOWN]!r}")
        return voice


class VoiceCatalogue:
    """The voices of Kokoro, behind those that an organization had made."""

    default = DEFAULT_VOICE
    languages = tuple(LANGUAGES.values())

    def __init__(self, own: Sequence[Voice] = ()) -> None:
        self.voices = (*own, *KOKORO_VOICES)
        self._named = NamedVoices(self.voices)

    def choose(self, name: str, asked_language: str) -> tuple[Voice, str]:
        """By an id or another name; without a language it is the voice's own."""
        asked = name.strip().lower()
        language = find_language(asked_language) if asked_language else None
        if asked in _OF_LANGUAGE:
            home = _BY_LANGUAGE[language.code] if language else _BY_LETTER[DEFAULT_VOICE[0]]
            asked = home.male if asked == "male" else home.female
        voice = self._named.choose(asked)
        is_bare_english = asked_language.strip().lower() == "en"
        if language is None or (is_bare_english and voice.home.language.is_english):
            return voice, voice.home.language.code
        return voice, language.code

    def get(self, name: str) -> Voice:
        return self._named.get(name)


_STOCK = NamedVoices(KOKORO_VOICES)


def is_stock_name(name: str) -> bool:
    """Whether it means a voice already that every organization has."""
    folded = name.strip().lower()
    return folded in _STOCK or folded in _OF_LANGUAGE


def find_language(asked: str) -> Language:
    """By a code as clients write it: en, en-US, hi_IN, pt-BR, cmn."""
    found = language_of(asked) or language_of(asked.partition("-")[0])
    if found is None:
        raise SpeechLanguageUnknown(
            f"language: {asked[:_SHOWN]!r} is not spoken here; spoken are {', '.join(LANGUAGES)}",
            field="language",
            known=[*LANGUAGES],
        )
    return found
