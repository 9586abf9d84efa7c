"""What a request means for the engine that hears it, and which of its options change nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.asr.catalogue import HOTWORDS, Choice, Engine
from app.asr.domain import TranscriptionRequest
from app.asr.engines.ctc.search import SearchOptions
from app.asr.piecework import Asked
from app.asr.recognition import Fusion, RecognizerOptions
from app.asr.tags.intents import have_tiers
from app.core.not_applied import NotApplied

USUAL_BEAM_WIDTH = 100
WHISPER_BEAMS = 5
"""Where nobody asked for more."""
FEWEST_ALTERNATIVES = 10
MOST_WHISPER_BEAMS = 10
HOTWORD_SCALES: Mapping[Engine, float] = {"ctc": 1.0, "transducer": 5.0, "whisper": 10.0}
"""The documented weights are of CTC beam search; scores of others move so many times as easily."""
STRICTNESS = 3.0

_NO_HEADS = "the model has no heads for metadata"
_NO_INTENTS = "the model tells no intents"


@dataclass(frozen=True, slots=True)
class HearingPlan:
    asked: Asked
    decoder: str


def make_plan(
    request: TranscriptionRequest, choice: Choice, *, has_lm: bool, with_words: bool
) -> HearingPlan:
    uses_lm = has_lm and request.use_lm and request.lm_mode != "greedy"
    if choice.model.engine == "ctc":
        return _ctc(request, choice, uses_lm=uses_lm, with_words=with_words)
    if choice.model.engine == "transducer":
        return _transducer(request, choice, with_words=with_words)
    return _whisper(request, choice, uses_lm=uses_lm, with_words=with_words)


def _whisper(
    request: TranscriptionRequest, choice: Choice, *, uses_lm: bool, with_words: bool
) -> HearingPlan:
    width = 1
    if request.beam_width != USUAL_BEAM_WIDTH:
        width = min(request.beam_width, MOST_WHISPER_BEAMS)
    elif uses_lm or request.n_best > 1:
        width = WHISPER_BEAMS
    options = RecognizerOptions(
        language=choice.language,
        task=request.task,
        beam_width=width,
        n_best=_hypotheses(request),
        word_times=with_words,
        prompt=request.prompt,
        hotwords=request.hotword_list,
        hotword_weight=request.hotword_weight / HOTWORD_SCALES[choice.model.engine],
        fusion=_fusion(request) if uses_lm else None,
        temperatures=_temperatures(request),
    )
    decoder = "beam_search" if width > 1 or request.n_best > 1 else "greedy"
    decoder = "beam_search_kenlm" if uses_lm else decoder
    return HearingPlan(Asked(choice.model.weights, options), decoder)


def _fusion(request: TranscriptionRequest) -> Fusion:
    strictness = STRICTNESS if request.lm_mode == "strict" else 1.0
    return Fusion(request.lm_alpha * strictness, request.lm_beta)


def _ctc(
    request: TranscriptionRequest, choice: Choice, *, uses_lm: bool, with_words: bool
) -> HearingPlan:
    search = SearchOptions(
        use_lm=uses_lm,
        mode=request.lm_mode,
        beam_width=request.beam_width,
        alpha=request.lm_alpha,
        beta=request.lm_beta,
        n_best=request.n_best,
        hotwords=request.hotword_list,
        hotword_weight=request.hotword_weight,
    )
    options = RecognizerOptions(language=choice.language, word_times=with_words)
    decoder = "greedy" if search.is_greedy else "beam_search"
    decoder = "beam_search_kenlm" if uses_lm else decoder
    return HearingPlan(Asked(choice.model.weights, options, search), decoder)


def _transducer(request: TranscriptionRequest, choice: Choice, *, with_words: bool) -> HearingPlan:
    options = RecognizerOptions(
        language=choice.language,
        word_times=with_words,
        hotwords=request.hotword_list,
        hotword_weight=request.hotword_weight / HOTWORD_SCALES[choice.model.engine],
    )
    decoder = "greedy" if HOTWORDS in choice.model.lacks else "beam_search"
    return HearingPlan(Asked(choice.model.weights, options, engine="transducer"), decoder)


def _hypotheses(request: TranscriptionRequest) -> int:
    """More than are shown: many of Whisper's differ in commas and capitals alone."""
    return max(FEWEST_ALTERNATIVES, 2 * request.n_best) if request.n_best > 1 else 1


def _temperatures(request: TranscriptionRequest) -> tuple[float, ...]:
    """From the one that was asked for upwards."""
    usual = RecognizerOptions().temperatures
    if request.temperature is None:
        return usual
    return (request.temperature, *(each for each in usual if each > request.temperature))


def find_not_applied(
    request: TranscriptionRequest, choice: Choice, *, has_lm: bool
) -> tuple[NotApplied, ...]:
    """Options that were set and changed nothing."""
    set_options = request.changed()
    return tuple(
        NotApplied(option, reason)
        for option, reason in _reasons(choice, has_lm=has_lm)
        if option in set_options
    )


def _reasons(choice: Choice, *, has_lm: bool) -> Iterator[tuple[str, str]]:
    model = choice.model
    for option in () if model.has_heads else ("metadata_prob", "top_k"):
        yield option, _NO_HEADS
    for option in () if model.intents else ("structured_intents", "intent_labels"):
        yield option, _NO_INTENTS if model.has_heads else _NO_HEADS
    if not have_tiers(model.intents):
        yield "structured_intents", "the model's own intents have no tiers"
    if choice.model.engine == "transducer":
        yield from _of_transducer(choice)
        return
    if not has_lm:
        for option in ("use_lm", "lm_mode", "lm_alpha", "lm_beta"):
            if choice.model.engine == "whisper" or option != "lm_mode":
                yield option, "no KenLM model is installed for the language"
    if choice.model.engine == "whisper":
        yield "itn", "the model writes numbers as it likes"
        return
    yield "prompt", "a CTC model takes none"
    yield "task", "a CTC model cannot translate"
    yield "temperature", "a CTC model has none"


def _of_transducer(choice: Choice) -> Iterator[tuple[str, str]]:
    for option in ("use_lm", "lm_mode", "lm_alpha", "lm_beta"):
        yield option, "a transducer has learned its language with its sounds"
    for option in ("beam_width", "n_best"):
        yield option, "the card of the model sets how wide it searches, for one answer"
    if HOTWORDS in choice.model.lacks:
        yield HOTWORDS, "the card of the model sets no beam"
    yield "prompt", "a transducer takes none"
    yield "task", "a transducer cannot translate"
    yield "temperature", "a transducer has none"
