"""The documented names of speech models, the weights that stand behind each, what these lack."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.asr.domain import LanguageUnknown, ModelUnknown, TranscriptionRequest
from app.asr.tags.intents import check_intents
from app.asr.tags.labels import CATEGORIES, Kind

Variant = Literal["en-tiny", "hinglish", "en-lite", "en-full", "multi-full", "multi-zh", "all"]
Engine = Literal["whisper", "ctc", "transducer"]

AUTO = "auto"
DEFAULT = "default"

_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no "
    "th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw "
    "gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl "
    "mg as tt haw ln ha ba jw su"
)
WHISPER_LANGUAGES = tuple(_CODES.split())
HOTWORDS = "hotwords"
VOICE = ("emotion", "age", "gender")
"""What our own heads tell from the voice."""
_TOLD_BESIDE_WORDS = (*VOICE, "intent", "behavior", "eval", "role")
_NO_ACTIONS = "inline action tokens"


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """`weights` is the id in the manifest; `languages` are those it is offered for, all of which
    the weights know. `voice`: categories that are told from how it sounds; `words`: as which kind
    of conversation its words are tagged."""

    name: str
    title: str
    weights: str
    engine: Engine
    languages: tuple[str, ...]
    note: str
    voice: tuple[str, ...] = ()
    words: Kind | None = None
    voice_intents: tuple[str, ...] = ()
    """Labels of the category `intent`, where that is told from how it sounds."""
    cannot: tuple[str, ...] = ()
    """What else it lacks beside tags."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Of tags."""
        return (*self.voice, *(CATEGORIES[self.words] if self.words else ()))

    @property
    def intents(self) -> tuple[str, ...]:
        """Their labels."""
        return CATEGORIES[self.words]["intent"] if self.words else self.voice_intents

    @property
    def has_heads(self) -> bool:
        """Whether it tells more than words: emotion, age and so on."""
        return bool(self.categories)

    @property
    def lacks(self) -> tuple[str, ...]:
        tags = [each for each in _TOLD_BESIDE_WORDS if each not in self.categories]
        return (*tags, _NO_ACTIONS, *self.cannot)


_TINY, _BASE, _CTC = "whisper-tiny.en", "whisper-base", "whisper-tiny.en-ctc"

MODELS = (
    SpeechModel(
        "en-tiny", "English, the fastest", _TINY, "whisper", ("en",),
        "Whisper tiny.en stands behind the name: words with casing and punctuation, no metadata.",
    ),
    SpeechModel(
        "en-in-tech-misc", "English", _BASE, "whisper", ("en",),
        "Whisper base, not trained on Indian English in particular. Its words are tagged as those "
        "of interviews.",
        VOICE, "interview",
    ),
    SpeechModel(
        "hinglish-loans", "Hindi and English", _BASE, "whisper", ("hi", "en"),
        "Whisper base, not trained on calls about loans; Hindi is written in Devanagari. Its words "
        "are tagged as those of calls about loans; what the voice tells was learned from English.",
        VOICE, "loans",
    ),
    SpeechModel(
        "zh", "Chinese", _BASE, "whisper", ("zh",),
        "Whisper base: Mandarin, most often in simplified characters. What the voice tells was "
        "learned from English; Chinese words are not tagged.",
        VOICE, cannot=("dialect",),
    ),
    SpeechModel(
        "whissle-large", "99 languages", _BASE, "whisper", WHISPER_LANGUAGES,
        "Whisper base, the largest weights that are installed. English and Hindi words are tagged, "
        "others are not; what the voice tells was learned from English.",
        VOICE, "general",
    ),
    SpeechModel(
        "en-ctc", "English, CTC", _CTC, "ctc", ("en",),
        "Experimental: a CTC head on Whisper tiny.en's encoder, for beam search with KenLM and "
        "hotwords. A third of the words of clean read English are wrong; en-tiny hears better.",
        cannot=("punctuation", "casing"),
    ),
)  # fmt: skip
ALIASES = {
    "whisper-tiny.en": "en-tiny",
    "tiny.en": "en-tiny",
    "en-in-tech-misc-lite": "en-in-tech-misc",
    "whisper-base": "whissle-large",
    "base": "whissle-large",
    "whisper-1": DEFAULT,
    "whisper-tiny.en-ctc": "en-ctc",
}
VARIANTS: dict[Variant, tuple[str, ...]] = {
    "en-tiny": ("en-tiny",),
    "hinglish": ("hinglish-loans",),
    "en-lite": ("en-in-tech-misc",),
    "en-full": ("en-in-tech-misc", "en-tiny"),
    "multi-full": ("whissle-large", "en-tiny"),
    "multi-zh": ("whissle-large", "zh"),
    "all": ("whissle-large", "en-in-tech-misc", "hinglish-loans", "zh", "en-tiny", "en-ctc"),
}
"""The first of a set is the default."""
WIDEST = "whissle-large"
GE2E = "ge2e"
LIVE_ENGLISH = "en-tiny"


@dataclass(frozen=True, slots=True)
class Choice:
    """`language` is None where the model is to find it out."""

    model: SpeechModel
    language: str | None


class Catalogue:
    """Every name can be asked for; the variant says which one is the default. `voices`: the
    weights that tell speakers apart."""

    def __init__(
        self, variant: Variant, models: Sequence[SpeechModel] = MODELS, voices: str = GE2E
    ) -> None:
        self.voices = voices
        self._variant: Variant = variant
        self._models = {model.name: model for model in models}

    @property
    def models(self) -> tuple[SpeechModel, ...]:
        return tuple(self._models.values())

    @property
    def default(self) -> SpeechModel:
        return self._models[VARIANTS[self._variant][0]]

    def is_served(self, model: SpeechModel) -> bool:
        """Whether it belongs to the variant; others are loaded when somebody asks for them."""
        return model.name in VARIANTS[self._variant]

    def find(self, name: str) -> SpeechModel | None:
        name = ALIASES.get(name, name)
        return self.default if name == DEFAULT else self._models.get(name)

    def choose_for(self, request: TranscriptionRequest, *, live: bool = False) -> Choice:
        """The same, where the model has the intents that are asked for."""
        choice = self.choose(request.model, request.language, live=live)
        check_intents(request.intent_label_list, choice.model.intents)
        return choice

    def choose(self, name: str, language: str, *, live: bool = False) -> Choice:
        """For a request. Of the default a language is asked that it does not know: then it is the
        one that knows the most. `live`: the default for English hears with what answers soonest,
        and tells beside the words what it always tells."""
        model = self.find(name)
        if model is None:
            raise ModelUnknown(
                f"model: there is no speech model {name!r}; known are "
                f"{', '.join([DEFAULT, *self._models])}",
                field="model",
                known=[DEFAULT, *self._models],
            )
        spoken = language.lower().replace("_", "-").partition("-")[0]
        is_default = ALIASES.get(name, name) == DEFAULT
        if spoken == AUTO:
            spoken = model.languages[0] if len(model.languages) == 1 else ""
        elif is_default and spoken not in model.languages:
            model = self._models[WIDEST]
        if live and is_default and spoken == "en":
            model = replace(self._models[LIVE_ENGLISH], voice=model.voice, words=model.words)
        if spoken and spoken not in model.languages:
            raise LanguageUnknown(
                f"language: {model.name} does not know {language!r}",
                field="language",
                known=[AUTO, *model.languages],
            )
        return Choice(model, spoken or None)
