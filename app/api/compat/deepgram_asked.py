"""What Deepgram's API may be asked, recorded and live, and what of it is not here."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from app.api.compat.asked import ParameterInvalid, read_asked

Text = Annotated[str, msgspec.Meta(max_length=1000)]

OWN_NAMES = re.compile(
    r"(nova|enhanced|base|flux|general|meeting|phonecall|voicemail|finance|conversationalai|video)"
    r"(-[a-z0-9]+)*|whisper|whisper-(tiny|base|small|medium|large)"
)
"""What Deepgram calls its models: the default one here, or where the language is not said the
one that knows the most, stands behind each."""
KNOWS_MOST = "whissle-large"
NOT_HERE = frozenset(
    (
        *("callback", "callback_method", "multichannel", "redact", "replace", "search"),
        *("summarize", "topics", "custom_topic", "intents", "custom_intent", "sentiment"),
        *("dictation", "measurements"),
    )
)
_NO = ("", "false", "0")
_ENCODINGS = {"linear16": "s16le", "mulaw": "mulaw", "alaw": "alaw"}
SHORTEST_PAUSE_MS, USUAL_PAUSE_MS, LONG_PAUSE_MS, LONGEST_PAUSE_MS = 96, 400, 1000, 5000


class DeepgramAsked(msgspec.Struct, frozen=True, kw_only=True):
    model: Annotated[str, msgspec.Meta(max_length=100)] = "base"
    language: Annotated[str, msgspec.Meta(max_length=100)] = ""
    punctuate: bool = False
    smart_format: bool = False
    numerals: bool = False
    profanity_filter: bool = False
    diarize: bool = False
    diarize_model: Text = ""
    keywords: tuple[Text, ...] = ()
    keyterm: tuple[Text, ...] = ()
    tag: tuple[Text, ...] = ()

    @property
    def is_written(self) -> bool:
        """With casing and punctuation."""
        return self.punctuate or self.smart_format

    def fields(self) -> dict[str, Any]:
        """In the words of our own requests."""
        language = "auto" if self.language == "multi" else self.language
        return {
            "model": self._own_model(language),
            "language": language,
            "punctuation": self.is_written,
            "itn": self.smart_format or self.numerals,
            "profanity_filter": self.profanity_filter,
            "diarize": self.diarize or bool(self.diarize_model),
            "hotwords": ",".join([*map(_without_boost, self.keywords), *self.keyterm]),
            "word_timestamps": True,
        }

    def _own_model(self, language: str) -> str:
        if not OWN_NAMES.fullmatch(self.model):
            return self.model
        return KNOWS_MOST if language == "auto" else "default"


class RecordingAsked(DeepgramAsked, frozen=True, kw_only=True):
    utterances: bool = False
    utt_split: Annotated[float, msgspec.Meta(gt=0, le=60)] = 0.8
    paragraphs: bool = False
    detect_language: tuple[Text, ...] = ()

    @property
    def detects(self) -> bool:
        return any(text.lower() not in _NO for text in self.detect_language)

    def fields(self) -> dict[str, Any]:
        language = "auto" if self.detects and not self.language else self.language or "en"
        return DeepgramAsked.fields(msgspec.structs.replace(self, language=language))


class LiveAsked(DeepgramAsked, frozen=True, kw_only=True):
    encoding: Literal["linear16", "mulaw", "alaw"] = "linear16"
    sample_rate: Annotated[int, msgspec.Meta(ge=8000, le=48000)] = 16000
    channels: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    interim_results: bool = False
    endpointing: Annotated[int, msgspec.Meta(ge=0, le=60_000)] | bool = True
    utterance_end_ms: Annotated[int, msgspec.Meta(ge=1000, le=5000)] | None = None
    vad_events: bool = False

    @property
    def tells_speech_final(self) -> bool:
        return self.endpointing is not False

    def fields(self) -> dict[str, Any]:
        asked = msgspec.structs.replace(self, language=self.language or "en")
        return DeepgramAsked.fields(asked) | {
            "encoding": _ENCODINGS[self.encoding],
            "sample_rate": self.sample_rate,
            "interim_results": self.interim_results,
            "endpointing_ms": self._pause_ms(),
        }

    def _pause_ms(self) -> int:
        """A shorter pause than the shortest is that one."""
        if isinstance(self.endpointing, bool):
            return USUAL_PAUSE_MS if self.endpointing else LONG_PAUSE_MS
        return min(max(self.endpointing, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)


def read_recording(query: Mapping[str, list[str]]) -> RecordingAsked:
    _refuse_what_is_not_here(query)
    return read_asked(query, RecordingAsked)


def read_live(query: Mapping[str, list[str]]) -> LiveAsked:
    _refuse_what_is_not_here(query)
    return read_asked(query, LiveAsked)


def _refuse_what_is_not_here(query: Mapping[str, Sequence[str]]) -> None:
    for name in sorted(NOT_HERE & query.keys()):
        if any(text.lower() not in _NO for text in query[name]):
            raise ParameterInvalid(f"{name}: this server does not offer it", field=name)


def _without_boost(keyword: str) -> str:
    return re.sub(r":-?[\d.]+$", "", keyword)
