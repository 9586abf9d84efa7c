"""What a request means for the engine that hears it, and which of its options change nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.asr.catalogue import Choice
from app.asr.domain import NotApplied, TranscriptionRequest
from app.asr.engines.ctc.search import SearchOptions
from app.asr.piecework import Asked
from app.asr.recognition import RecognizerOptions
from app.asr.rescoring import Rescoring

USUAL_BEAM_WIDTH = 100
RESCORED = 5
FEWEST_ALTERNATIVES = 10
MOST_WHISPER_BEAMS = 10
HOTWORD_SCALE = 5.0
"""The documented weights are of CTC beam search; Whisper's scores move five times as easily."""
STRICTNESS = 3.0

_OF_HEADS = "the model has no heads for metadata"


@dataclass(frozen=True, slots=True)
class HearingPlan:
    """`rescoring`: how hypotheses of Whisper are put into order; None where they are not."""

    asked: Asked
    decoder: str
    rescoring: Rescoring | None


def make_plan(
    request: TranscriptionRequest, choice: Choice, *, has_lm: bool, with_words: bool
) -> HearingPlan:
    uses_lm = has_lm and request.use_lm and request.lm_mode != "greedy"
    if choice.model.engine == "ctc":
        return _ctc(request, choice, uses_lm=uses_lm, with_words=with_words)
    width = 1
    if request.beam_width != USUAL_BEAM_WIDTH:
        width = min(request.beam_width, MOST_WHISPER_BEAMS)
    elif uses_lm or request.n_best > 1:
        width = RESCORED
    options = RecognizerOptions(
        language=choice.language,
        task=request.task,
        beam_width=width,
        n_best=_hypotheses(request, uses_lm=uses_lm),
        word_times=with_words,
        prompt=request.prompt,
        hotwords=request.hotword_list,
        hotword_weight=request.hotword_weight / HOTWORD_SCALE,
        temperatures=_temperatures(request),
    )
    is_search = width > 1 or request.n_best > 1
    decoder = "beam_search" if is_search else "greedy"
    if not uses_lm:
        return HearingPlan(Asked(choice.model.weights, options), decoder, None)
    strictness = STRICTNESS if request.lm_mode == "strict" else 1.0
    rescoring = Rescoring(
        request.lm_alpha * strictness,
        request.lm_beta,
        request.hotword_list,
        request.hotword_weight / HOTWORD_SCALE,
    )
    return HearingPlan(Asked(choice.model.weights, options), "beam_search_kenlm", rescoring)


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
    return HearingPlan(Asked(choice.model.weights, options, search), decoder, None)


def _hypotheses(request: TranscriptionRequest, *, uses_lm: bool) -> int:
    """More than are shown: many of Whisper's differ in commas and capitals alone."""
    if request.n_best > 1:
        return max(FEWEST_ALTERNATIVES, 2 * request.n_best)
    return RESCORED if uses_lm else 1


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
    for option in ("metadata_prob", "structured_intents", "intent_labels", "top_k"):
        yield option, _OF_HEADS
    yield "summarize", "no language model for text is set up"
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
