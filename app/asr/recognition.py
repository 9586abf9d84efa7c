"""What a recognizer is asked and what it answers. Pure: no model, no file, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from app.core.audio.convert import Samples
from app.core.errors import Unprocessable

SAMPLE_RATE = 16000


class LanguageNotSpoken(Unprocessable):
    """The model does not know the language; `details` lists those it does."""


class UtteranceTooLong(Unprocessable):
    """A recognizer takes one utterance at a time; recordings are cut into such before."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """What a language model of words adds to what was heard: `alpha` of the natural logarithm of
    each word, and `beta` for the word itself."""

    alpha: float = 0.1
    beta: float = 0.5


WhisperWindow = Literal["fitted", "full"]


@dataclass(frozen=True, slots=True)
class RecognizerOptions:
    """Without `language` it is detected. Several `temperatures` are tried one after the other
    until an answer is likely and not repetitive; the first alone is the fastest."""

    language: str | None = None
    task: Literal["transcribe", "translate"] = "transcribe"
    beam_width: int = 1
    n_best: int = 1
    word_times: bool = False
    prompt: str = ""
    hotwords: tuple[str, ...] = ()
    hotword_weight: float = 1.0
    fusion: Fusion | None = None
    """Where the recognizer has a language model of the language that is spoken."""
    temperatures: tuple[float, ...] = (0.0, 0.4, 0.8)
    window: WhisperWindow = "fitted"
    """`full` hears every utterance in a window of the length the model was trained with; `fitted`
    is the recognizer's usual."""

    def __post_init__(self) -> None:
        if self.beam_width < 1 or self.n_best < 1 or not self.temperatures:
            raise ValueError("beam_width and n_best begin at 1; one temperature is needed")


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float
    end_s: float
    probability: float
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    text: str
    log_probability: float
    """Of a token, on average: comparable between utterances and lengths."""
    words: tuple[Word, ...] = ()
    tokens: tuple[int, ...] = ()
    """Where the model writes in such."""
    temperature: float = 0.0
    """At which it was chosen; 0 where chance had no part."""


@dataclass(frozen=True, slots=True)
class Tag:
    """The label of one category, such as emotion, and how likely each of its labels is."""

    label: str
    probabilities: Mapping[str, float]


def likeliest(probabilities: Mapping[str, float]) -> str:
    """The first of equals."""
    return max(probabilities, key=probabilities.__getitem__)


Tags = Mapping[str, Tag]
"""By category: emotion, age, gender, behavior, eval, role, intent."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """`hypotheses` has the best first and never is empty; where nothing was said its text is."""

    hypotheses: tuple[Hypothesis, ...]
    language: str
    language_probability: float
    no_speech_probability: float
    tags: Tags = field(default_factory=dict[str, Tag])
    """Of the voice. Empty where the model has no heads for any."""

    @property
    def best(self) -> Hypothesis:
        return self.hypotheses[0]


class Recognizer(Protocol):
    """Blocks: belongs in a lane of the executor. Takes many utterances at once, gladly."""

    @property
    def languages(self) -> Sequence[str]: ...

    def transcribe(
        self, utterances: Sequence[Samples], options: RecognizerOptions
    ) -> list[Recognition]: ...
