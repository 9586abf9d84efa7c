"""The messages of Deepgram's live API, both ways."""

from collections.abc import Iterator, Sequence

import msgspec

from app.api.compat.deepgram_answers import (
    HeardWord,
    confidence_of,
    created_now,
    heard_word,
    model_info,
    text_of,
    warnings_of,
)
from app.api.compat.deepgram_asked import LiveAsked
from app.api.sockets import Message
from app.asr.catalogue import SpeechModel
from app.asr.live import Said, SpeechBegan
from app.core.errors import AppError, InvalidInput

CHANNEL = [0, 1]
_SHOWN = 200
_CONFIGURE_CODES = {"hotwords": "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"}


class MessageUnknown(InvalidInput):
    """No JSON object with a `type` that is known."""

    def __init__(self, said: str, why: str) -> None:
        super().__init__(why)
        self.said = said[:_SHOWN]


class Command(msgspec.Struct, frozen=True):
    """KeepAlive, Finalize, CloseStream or Configure; the last has what follows."""

    type: str
    keyterms: list[str] | None = None
    features: dict[str, bool] | None = None


COMMANDS = frozenset(("KeepAlive", "Finalize", "CloseStream", "Configure"))


def read_command(text: str) -> Command:
    try:
        command = msgspec.json.decode(text, type=Command)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MessageUnknown(text, f"could not be parsed: {str(error)[:_SHOWN]}") from None
    if command.type not in COMMANDS:
        raise MessageUnknown(text, f"type must be one of {', '.join(sorted(COMMANDS))}")
    return command


def failure(error: AppError) -> Message:
    if isinstance(error, MessageUnknown):
        return _error("SchemaError", error.message) | {"message": error.said}
    return _error("StreamError", error.message)


def _error(variant: str, description: str) -> Message:
    return {"type": "Error", "variant": variant, "description": description}


class Messages:
    """What one stream is told."""

    def __init__(
        self, request_id: str, asked: LiveAsked, model: SpeechModel, passed_over: Sequence[str]
    ) -> None:
        self.is_written = asked.is_written
        self._passed_over = passed_over
        self._request_id = request_id
        self._tells_speech_final = asked.tells_speech_final
        self._model = model_info(model.name, model.weights)

    def results(self, said: Said, *, from_finalize: bool = False) -> Message:
        words = [*self._words(said)]
        ends = said.is_final and said.utterance_end and not from_finalize
        return self._results(
            (said.start_s, said.end_s),
            words,
            said.language,
            is_final=said.is_final,
            speech_final=ends and self._tells_speech_final,
            from_finalize=from_finalize,
        )

    def nothing_finalized(self, at_s: float) -> Message:
        return self._results(
            (at_s, at_s), (), "", is_final=True, speech_final=False, from_finalize=True
        )

    def speech_started(self, began: SpeechBegan) -> Message:
        return {"type": "SpeechStarted", "channel": CHANNEL, "timestamp": round(began.at_s, 3)}

    def utterance_end(self, last_word_end_s: float) -> Message:
        return {
            "type": "UtteranceEnd",
            "channel": CHANNEL,
            "last_word_end": round(last_word_end_s, 3),
        }

    def configured(self, keyterms: Sequence[str] | None) -> Message:
        message: Message = {"type": "ConfigureSuccess", "request_id": self._request_id}
        return message if keyterms is None else message | {"keyterms": [*keyterms]}

    def not_configured(self, error: InvalidInput) -> Message:
        return {
            "type": "ConfigureFailure",
            "request_id": self._request_id,
            "code": _CONFIGURE_CODES.get(
                error.details.get("field", ""), "CONFIGURE_INTERNAL_ERROR"
            ),
            "description": error.message,
        }

    def metadata(self, duration_s: float, sha256: str) -> Message:
        model_id, info = self._model
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": sha256,
            "created": created_now(),
            "duration": round(duration_s, 3),
            "channels": 1,
            "models": [model_id],
            "model_info": {model_id: info},
            **warnings_of(self._passed_over),
        }

    def _results(
        self,
        span_s: tuple[float, float],
        words: Sequence[HeardWord],
        language: str,
        *,
        is_final: bool,
        speech_final: bool,
        from_finalize: bool,
    ) -> Message:
        model_id, info = self._model
        best = {
            "transcript": text_of(words, language),
            "confidence": confidence_of(words),
            "words": words,
        }
        return {
            "type": "Results",
            "channel_index": CHANNEL,
            "start": round(span_s[0], 3),
            "duration": round(span_s[1] - span_s[0], 3),
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": from_finalize,
            "channel": {"alternatives": [best]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": info,
                "model_uuid": model_id,
            },
        }

    def _words(self, said: Said) -> Iterator[HeardWord]:
        if not said.parts:
            for word in said.words:
                yield heard_word(word, is_written=self.is_written)
        for part in said.parts:
            for word in part.words:
                yield heard_word(word, is_written=self.is_written, speaker=part.speaker)
