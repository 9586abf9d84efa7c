"""Hypotheses of any recognizer put in another order by a language model and by hotwords."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.asr.language_model import LanguageModel, lm_form
from app.asr.recognition import Hypothesis


@dataclass(frozen=True, slots=True)
class Rescoring:
    """Weights of natural logarithms. `beta` rewards a word, `hotword_bonus` a hotword."""

    alpha: float = 0.1
    beta: float = 0.5
    hotwords: tuple[str, ...] = ()
    hotword_bonus: float = 1.0


def rescore(
    hypotheses: Sequence[Hypothesis], language_model: LanguageModel | None, rules: Rescoring
) -> list[Hypothesis]:
    """The best first; equals keep their order. No hypothesis is changed or lost."""
    scored = [(_score(each, language_model, rules), each) for each in hypotheses]
    return [each for _, each in sorted(scored, key=lambda pair: -pair[0])]


def _score(hypothesis: Hypothesis, language_model: LanguageModel | None, rules: Rescoring) -> float:
    text = lm_form(hypothesis.text)
    words = text.split()
    # A hypothesis has its log-probability by token; words stand in for tokens.
    score = hypothesis.log_probability * max(1, len(words))
    if language_model is not None:
        score += rules.alpha * language_model.log_probability(text) + rules.beta * len(words)
    return score + rules.hotword_bonus * _hotwords_in(words, rules.hotwords)


def _hotwords_in(words: Sequence[str], hotwords: Sequence[str]) -> int:
    """How many of the hotwords, which may be several words, are said."""
    padded = f" {' '.join(words)} "
    return sum(f" {lm_form(hotword)} " in padded for hotword in hotwords if lm_form(hotword))
