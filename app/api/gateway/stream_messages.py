"""The messages of `/asr/stream`: what clients send, understood, and what they are sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from app.api.gateway.asr_answers import entity_answer
from app.api.gateway.stream_pace import pace_message, word_message
from app.api.gateway.tag_answers import metadata_of, tag_details
from app.api.sockets import Message
from app.asr.diarization import speaker_label
from app.asr.live import Said, StreamOptions
from app.asr.text.entities import find_entities
from app.asr.utterances import text_in
from app.core.errors import AppError, InvalidInput
from app.core.not_applied import NotApplied

BUSY: Message = {
    "type": "warning",
    "code": "backpressure",
    "message": "Audio comes faster than it is heard; reading waits",
}
UNKNOWN = "it is not known here"
MOST_UNKNOWN = 16
_SHOWN = 80
_BOOLEANS = frozenset(("", "true", "false", "1", "0"))


class FrameNotJson(InvalidInput):
    pass


@dataclass(frozen=True, slots=True)
class Command:
    kind: str
    fields: dict[str, Any]


def parse(text: str) -> Command:
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FrameNotJson("Invalid JSON") from error
    kind = fields.pop("type", None)
    if not isinstance(kind, str):
        raise FrameNotJson("type: a message names its type")
    return Command(kind.lower(), fields)


def option_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Clients send hotwords as a list too, and as `neuropsych_mode` the name of a test."""
    values = dict(fields)
    match fields.get("hotwords"):
        case [*words] if all(isinstance(word, str) for word in words):
            values["hotwords"] = ",".join(words)
        case _:
            pass
    match fields.get("neuropsych_mode"):
        case str(name) if name.lower() not in _BOOLEANS:
            values["neuropsych_mode"] = True
        case _:
            pass
    return values


def unknown_names(fields: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Names that mean nothing here; one that asks for nothing is passed over."""
    names = (name[:_SHOWN] for name, value in fields.items() if value and name not in known)
    return list(islice(names, MOST_UNKNOWN))


def error_message(error: AppError) -> Message:
    return {"type": "error", "message": error.message, "code": error.code}


def not_applied_message(found: Sequence[NotApplied]) -> Message:
    """Like BUSY, it has a type of its own, which other clients pass over."""
    named = ", ".join(each.option for each in found)
    return {
        "type": "warning",
        "code": "not_applied",
        "message": f"These options change nothing: {named}",
        "not_applied": [{"option": each.option, "reason": each.reason} for each in found],
    }


def transcript_message(said: Said, options: StreamOptions) -> Message:
    message: Message = {
        "type": "transcript",
        "channel": said.channel,
        "text": said.text,
        "is_final": said.is_final,
        "utterance_end": said.utterance_end,
        "audioOffset": round(said.start_s, 3),
    }
    if not said.is_final:
        return message | {"stable_text": said.stable_text}
    message |= {
        "process_ms": said.process_ms,
        "metadata": metadata_of(said.tags),
        "start": round(said.start_s, 3),
        "end": round(said.end_s, 3),
        "confidence": round(said.confidence, 3),
        "language": said.language,
        "entities": [entity_answer(entity) for entity in find_entities(said.words)],
    }
    message |= tag_details(said.tags, options)
    if options.word_timestamps or options.neuropsych_mode:
        message |= pace_message(said.words, said.language)
    if options.diarize:
        message |= _speakers(said, options)
    if said.speaker_embedding is not None:
        message["speakerEmbedding"] = said.speaker_embedding
    return message


def _speakers(said: Said, options: StreamOptions) -> dict[str, Any]:
    """`speaker` is who says the most of it."""
    if not said.parts:
        return {}
    most = max(said.parts, key=lambda part: len(part.words))
    segments: list[dict[str, Any]] = []
    for part in said.parts:
        segment: dict[str, Any] = {
            "speaker": speaker_label(part.speaker),
            "text": text_in(part.words, said.language),
            "start": round(part.words[0].start_s, 3),
            "end": round(part.words[-1].end_s, 3),
            "metadata": metadata_of(part.tags),
        } | tag_details(part.tags, options)
        if options.word_timestamps:
            segment["words"] = [word_message(word) for word in part.words]
        segments.append(segment)
    return {"speaker": speaker_label(most.speaker), "segments": segments}
