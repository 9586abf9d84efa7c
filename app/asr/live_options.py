"""Which options of a live stream change nothing. Pure."""

from collections.abc import Iterator

from app.asr.catalogue import Choice
from app.asr.live import StreamOptions
from app.asr.plan import find_not_applied
from app.asr.tagging import LANGUAGES, OF_INTENTS, UNTAGGED
from app.core.not_applied import NotApplied

_OF_SEARCH = ("lm_mode", "lm_alpha", "lm_beta", "beam_width", "n_best")
_OF_RECORDINGS = (
    *("speech_analysis", "summarize", "noise_reduce", "gain_normalize", "format", "temperature"),
)


def find_not_applied_live(options: StreamOptions, choice: Choice) -> tuple[NotApplied, ...]:
    """Options that were set and change nothing of what is heard live."""
    set_options = options.changed()
    live = (NotApplied(name, why) for name, why in _reasons(choice) if name in set_options)
    by_name = {each.option: each for each in find_not_applied(options, choice, has_lm=True)}
    return tuple((by_name | {each.option: each for each in live}).values())


def _reasons(choice: Choice) -> Iterator[tuple[str, str]]:
    for name in _OF_SEARCH:
        yield name, "live speech is recognized without beam search and KenLM"
    for name in _OF_RECORDINGS:
        yield name, "it is for recordings only"
    if choice.language and choice.language not in LANGUAGES and choice.model.words:
        for name in OF_INTENTS:
            yield name, UNTAGGED
    if choice.model.engine == "ctc":
        yield "hotword_weight", "a CTC model is not given hotwords live"
