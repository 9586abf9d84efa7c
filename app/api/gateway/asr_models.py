"""What can be asked of speech recognition: models, languages, intents."""

from collections.abc import Set

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from app.api.access import TOKEN
from app.asr.catalogue import AUTO, DEFAULT, Catalogue, SpeechModel
from app.asr.tags.labels import DOMAINS, INTENT_TIERS, SPEECH_ACTS
from app.runtime import Runtime

_NOTE = "Told by the words: those of English, and of Hindi in Devanagari or Latin letters"


class ModelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` is what stands behind the name, `metadata` the categories that it tells, `lacks`
    what it cannot. `in_variant`: the set of VARIANT has it; others are loaded when they are asked
    for."""

    name: str
    title: str
    weights: str
    engine: str
    languages: list[str]
    metadata: list[str]
    lacks: list[str]
    note: str
    default: bool
    in_variant: bool
    installed: bool
    loaded: bool


class ModelsAnswer(msgspec.Struct, frozen=True):
    default: str
    variant: str
    models: list[ModelAnswer]


class TiersAnswer(msgspec.Struct, frozen=True):
    speech_act: str
    domain: str


class IntentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`tiers`: what `structured_intents` makes of each of our labels. `by_model`: the labels of
    every model that tells intents."""

    model: str
    intents: list[str]
    note: str
    speech_acts: list[str]
    domains: list[str]
    tiers: dict[str, TiersAnswer]
    by_model: dict[str, list[str]]


class LanguageAnswer(msgspec.Struct, frozen=True):
    code: str
    models: list[str]
    kenlm: bool


class LanguagesAnswer(msgspec.Struct, frozen=True):
    languages: list[LanguageAnswer]


@get("/asr/models", opt=TOKEN)
async def asr_models(runtime: NamedDependency[Runtime]) -> ModelsAnswer:
    """Every name that can be asked for, and what stands behind it."""
    loaded = {model.id for model in runtime.models.snapshot().models if model.loaded}
    catalogue = runtime.speech.catalogue
    installed = await runtime.speech.installed()
    models = [
        _described(model, catalogue, installed=installed, loaded=loaded)
        for model in catalogue.models
    ]
    return ModelsAnswer(catalogue.default.name, runtime.settings.models.variant, models)


def _described(
    model: SpeechModel, catalogue: Catalogue, *, installed: Set[str], loaded: Set[str]
) -> ModelAnswer:
    return ModelAnswer(
        name=model.name,
        title=model.title,
        weights=model.weights,
        engine=model.engine,
        languages=list(model.languages),
        metadata=list(model.categories),
        lacks=list(model.lacks),
        note=model.note,
        default=model == catalogue.default,
        in_variant=catalogue.is_served(model),
        installed=model.weights in installed,
        loaded=model.weights in loaded,
    )


@get("/asr/intents", opt=TOKEN)
async def asr_intents(
    runtime: NamedDependency[Runtime], model: FromQuery[str] = DEFAULT
) -> IntentsAnswer:
    """The labels of intents that the model tells apart."""
    catalogue = runtime.speech.catalogue
    chosen = catalogue.choose(model, AUTO).model
    return IntentsAnswer(
        model=chosen.name,
        intents=list(chosen.intents),
        note=_NOTE if chosen.words else "" if chosen.intents else f"{chosen.name} tells no intents",
        speech_acts=list(SPEECH_ACTS),
        domains=list(DOMAINS),
        tiers={label: TiersAnswer(*tiers) for label, tiers in INTENT_TIERS.items()},
        by_model={each.name: list(each.intents) for each in catalogue.models if each.intents},
    )


@get("/asr/languages", opt=TOKEN)
async def asr_languages(runtime: NamedDependency[Runtime]) -> LanguagesAnswer:
    """The languages that can be asked for, and whether KenLM helps with them."""
    by_code: dict[str, list[SpeechModel]] = {}
    for model in runtime.speech.catalogue.models:
        for code in model.languages:
            by_code.setdefault(code, []).append(model)
    kenlm = await runtime.speech.languages_with_lm()
    return LanguagesAnswer(
        [
            LanguageAnswer(code, [model.name for model in models], code in kenlm)
            for code, models in by_code.items()
        ]
    )


ROUTES = (asr_models, asr_intents, asr_languages)
