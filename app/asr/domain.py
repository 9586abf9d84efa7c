"""What speech is, what is asked of hearing it and what comes of it. Pure: no model, no file, no
clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec
from msgspec.structs import replace

from app.asr.clustering import SpeakerCount
from app.asr.conversation import ConversationTold
from app.asr.recognition import Tag, Tags
from app.asr.text.analysis import SpeechAnalysis
from app.asr.text.entities import Entity
from app.asr.text.words import Word
from app.core.errors import InvalidInput
from app.core.misfits import misfit
from app.core.not_applied import NotApplied

FRAME_MS = 32
"""Length of the frames whose probability of speech is known."""


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SpanRules:
    """Speech begins at `threshold` and ends below `silence_threshold`: between, nothing changes."""

    threshold: float = 0.5
    silence_threshold: float = 0.35
    min_speech_ms: int = 250
    min_silence_ms: int = 100
    pad_ms: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.silence_threshold <= self.threshold <= 1:
            raise ValueError("0 < silence_threshold <= threshold <= 1 must hold")


def find_spans(
    probabilities: Sequence[float], duration_ms: int, rules: SpanRules
) -> list[SpeechSpan]:
    """Spans in order, padded, none overlapping the next or reaching beyond the sound."""
    runs = _runs(probabilities, duration_ms, rules)
    spans: list[SpeechSpan] = []
    for index, (start_ms, end_ms) in enumerate(runs):
        is_last = index == len(runs) - 1
        before_ms = (start_ms - runs[index - 1][1]) // 2 if index else start_ms
        after_ms = duration_ms - end_ms if is_last else (runs[index + 1][0] - end_ms) // 2
        padded_start_ms = start_ms - min(rules.pad_ms, before_ms)
        padded_end_ms = end_ms + min(rules.pad_ms, after_ms)
        spans.append(SpeechSpan(padded_start_ms / 1000, padded_end_ms / 1000))
    return spans


def _runs(
    probabilities: Sequence[float], duration_ms: int, rules: SpanRules
) -> list[tuple[int, int]]:
    """Beginnings and ends, in ms, of what is loud enough for long enough."""
    runs: list[tuple[int, int]] = []
    speech_ms: int | None = None
    silence_ms: int | None = None
    for frame, probability in enumerate(probabilities):
        now_ms = frame * FRAME_MS
        if probability >= rules.threshold:
            silence_ms = None
            if speech_ms is None:
                speech_ms = now_ms
        elif speech_ms is not None and probability < rules.silence_threshold:
            if silence_ms is None:
                silence_ms = now_ms
            if now_ms - silence_ms >= rules.min_silence_ms:
                runs.append((speech_ms, silence_ms))
                speech_ms = silence_ms = None
    if speech_ms is not None:
        runs.append((speech_ms, duration_ms))
    return [run for run in runs if run[1] - run[0] > rules.min_speech_ms]


class ModelUnknown(InvalidInput):
    """No speech model has that name; `details` lists those that have one."""

    code = "model_unknown"


class LanguageUnknown(InvalidInput):
    """The model does not know the language; `details` lists those it does."""

    code = "language_unknown"


class OptionInvalid(InvalidInput):
    """An option has a value it cannot have; the message and `details["field"]` name it."""


Format = Literal["json", "text", "srt", "vtt", "segments"]
LmMode = Literal["greedy", "balanced", "strict"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Language = Annotated[str, msgspec.Meta(max_length=100, pattern="^[A-Za-z]")]
Speakers = Annotated[int, msgspec.Meta(ge=1, le=100)]

_YES = ("true", "1", "yes", "on")
_NO = ("false", "0", "no", "off", "none")
MOST_HOTWORDS = 200
LONGEST_HOTWORD = 100


class TranscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may ask of a transcription, under the documented names and defaults.

    Bounds hold where it is made of what somebody sent (`parse_request`, or a form).
    """

    language: Language = "auto"
    model: Name = "default"
    diarize: bool = False
    num_speakers: Speakers | Literal["auto"] = "auto"
    min_speakers: Speakers = 1
    max_speakers: Speakers = 10
    punctuation: bool = True
    itn: bool = True
    use_lm: bool = True
    lm_mode: LmMode = "balanced"
    beam_width: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    lm_alpha: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.1
    lm_beta: Annotated[float, msgspec.Meta(ge=-10, le=10)] = 0.5
    metadata_prob: bool = False
    metadata_prob_format: Literal["dict", "list"] = "dict"
    top_k: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    word_timestamps: bool = False
    speech_analysis: bool = False
    speaker_embedding: bool = False
    summarize: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    hotwords: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    hotword_weight: Annotated[float, msgspec.Meta(ge=0, le=100)] = 10.0
    noise_reduce: bool = False
    gain_normalize: bool = False
    profanity_filter: bool = False
    n_best: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    format: Format | Literal[""] = ""
    structured_intents: bool = False
    intent_labels: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    prompt: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    """What was said before, for the style and spelling of what follows."""
    task: Literal["transcribe", "translate"] = "transcribe"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None

    def __post_init__(self) -> None:
        if self.min_speakers > self.max_speakers:
            raise ValueError("min_speakers: it is more than max_speakers")
        words = self.hotword_list
        if len(words) > MOST_HOTWORDS or any(len(word) > LONGEST_HOTWORD for word in words):
            raise ValueError(
                f"hotwords: at most {MOST_HOTWORDS}, each of at most {LONGEST_HOTWORD} characters"
            )

    @property
    def hotword_list(self) -> tuple[str, ...]:
        """In their order, each once."""
        return tuple(
            dict.fromkeys(word.strip() for word in self.hotwords.split(",") if word.strip())
        )

    @property
    def intent_label_list(self) -> tuple[str, ...]:
        """In their order, each once."""
        named = (label.strip() for label in self.intent_labels.split(","))
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def speaker_count(self) -> SpeakerCount:
        if self.num_speakers == "auto":
            return SpeakerCount(self.min_speakers, self.max_speakers)
        return SpeakerCount.exactly(self.num_speakers)

    @property
    def mode_of_analysis(self) -> str:
        """What is to be said of the conversation. Empty where nothing is, or where the answer has
        no place for it."""
        if self.format not in ("", "json"):
            return ""
        return mode_of_analysis(self.summarize)

    @property
    def as_heard(self) -> Self:
        """With what an analysis needs: it wants to know who speaks."""
        return replace(self, diarize=True) if self.mode_of_analysis else self

    def changed(self) -> dict[str, Any]:
        """What differs from the defaults."""
        usual = type(self)()
        return {
            name: value
            for name in TranscriptionRequest.__struct_fields__
            if (value := getattr(self, name)) != getattr(usual, name)
        }


def mode_of_analysis(summarize: str) -> str:
    """A preset or a prompt; `true` and `false` as forms spell them."""
    wished = summarize.strip()
    return {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "")}.get(wished.lower(), wished)


R = TypeVar("R", bound=TranscriptionRequest)


def parse_request(
    fields: Mapping[str, Any],
    kind: type[R] = TranscriptionRequest,  # type: ignore[assignment]
) -> R:
    """Of the strings of a form or a query, or the values of JSON. Unknown names are passed over."""
    filled = {name: value for name, value in fields.items() if value != ""}
    try:
        return msgspec.convert(filled, kind, strict=False)
    except msgspec.ValidationError as error:
        field, fault = misfit(error)
        raise OptionInvalid(f"{field}: {fault}", field=field) from error


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a segment was recognized: its tokens, where the model writes in such. The rest is of the
    piece of sound that it begins in; `log_probability` of a token, on average."""

    tokens: tuple[int, ...] = ()
    log_probability: float = 0.0
    temperature: float = 0.0
    no_speech_probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Segment:
    """An utterance of one speaker."""

    start_s: float
    end_s: float
    text: str
    confidence: float
    words: tuple[Word, ...]
    language: str
    speaker: str | None = None
    """SPEAKER_00 and so on; None where nobody asked who speaks."""
    entities: tuple[Entity, ...] = ()
    tags: Tags = field(default_factory=dict[str, Tag])
    """Of the voice and of the words. Empty where the model tells none."""
    decoding: Decoding = Decoding()


@dataclass(frozen=True, slots=True)
class Alternative:
    """The best has the same text as the transcript before it was written out."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    text: str
    raw: str
    """As the model said it, with its marks of events, before anything was rewritten."""
    language: str
    language_probability: float
    segments: tuple[Segment, ...]
    duration_s: float = 0.0
    inference_s: float = 0.0
    model: str = ""
    weights: str = ""
    decoder: str = ""
    alternatives: tuple[Alternative, ...] = ()
    """The best first, where more than one was asked for."""
    num_speakers: int | None = None
    speaker_embedding: tuple[float, ...] | None = None
    """Of the voice that speaks the most, 192 numbers, of length one."""
    speaker_embeddings: Mapping[str, tuple[float, ...]] = field(
        default_factory=dict[str, tuple[float, ...]]
    )
    analysis: SpeechAnalysis | None = None
    told: ConversationTold | None = None
    not_applied: tuple[NotApplied, ...] = ()
    incomplete: bool = False
    """Some of the sound was cut off or damaged."""
