"""The messages of the data channel, as the Pipecat clients for browsers speak them (RTVI 2.1 and
1.x): what happens in a session becomes messages, messages become commands. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from app.realtime.conversation import Line
from app.realtime.events import (
    Began,
    Ended,
    Heard,
    HearingChanged,
    Said,
    Saying,
    SessionEvent,
    SoundMade,
    SpokeInWriting,
    StateChanged,
    Thought,
    Understanding,
    VoiceChanged,
    Withdrawn,
)
from app.realtime.moments import Answers

PROTOCOL = "2.1.0"
_LABEL = "rtvi-ai"
_LEGACY, _CURRENT = 1, 2
_INTERRUPT = "interrupt"
_LONGEST_TEXT = 4000
_MOST_KEYS = 64

Message: TypeAlias = dict[str, Any]
PEER_LEFT: Message = {"type": "signalling", "message": {"type": "peerLeft"}}
RENEGOTIATE: Message = {"type": "signalling", "message": {"type": "renegotiate"}}


@dataclass(frozen=True, slots=True)
class ClientReady:
    """It wants to hear and see what happens from here on."""


@dataclass(frozen=True, slots=True)
class Typed:
    text: str


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


@dataclass(frozen=True, slots=True)
class Interrupt:
    """By a button: nothing is to be answered."""


Command: TypeAlias = ClientReady | Typed | HangUp | Interrupt


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    id: str = ""
    label: str = ""
    data: Any = None


class _Version(msgspec.Struct, frozen=True):
    version: str


class _SendOptions(msgspec.Struct, frozen=True):
    run_immediately: bool = True


class _Text(msgspec.Struct, frozen=True):
    content: str
    options: _SendOptions = _SendOptions()


class _Context(msgspec.Struct, frozen=True):
    content: Any
    role: Literal["user", "assistant"] = "user"
    run_immediately: bool = False


class _Asked(msgspec.Struct, frozen=True):
    """Of an application: `t` is for it to name."""

    t: str
    d: Any = None


class _Keys(msgspec.Struct, frozen=True):
    buttons: list[str] = []
    button: str = ""


@dataclass(slots=True)
class _Segment:
    """A sentence of the reply that is spoken; `heard`: letters of it."""

    number: int
    text: str
    heard: int = 0


class _Refused(Exception):
    """What was asked cannot be done; says why."""


class Chat:
    """Of one client. `product`: name and version of what speaks to it."""

    def __init__(self, product: tuple[str, str], now: Callable[[], datetime]) -> None:
        self._product = product
        self._now = now
        self._is_legacy = False
        self._state = "listening"
        self._answers = Answers()
        self._is_asked = False
        self._segments: list[_Segment] = []
        self._next_segment = 1

    def received(self, text: str) -> tuple[Command | None, list[Message]]:
        """Something for the session, and answers. Signalling needs neither: what a track carries is
        seen on the track."""
        try:
            message = msgspec.json.decode(text, type=_Envelope)
        except (msgspec.DecodeError, RecursionError):
            return None, [_error("The message is no JSON object with a type")]
        if message.label != _LABEL:
            return None, []
        try:
            return self._obeyed(message)
        except msgspec.ValidationError as error:
            return None, [_error_response(message.id, f"Invalid {message.type}: {error}")]
        except _Refused as refused:
            return None, [_error_response(message.id, str(refused))]

    def told(self, event: SessionEvent) -> list[Message]:
        self._answers.tell(event)
        match event:
            case Began(call_id):
                return [_rtvi("server-message", {"type": "call-started", "call_id": call_id})]
            case VoiceChanged(is_voice):
                return [_rtvi(f"user-{'started' if is_voice else 'stopped'}-speaking")]
            case Understanding():
                return [_rtvi("user-transcription", self._transcript(event))]
            case StateChanged(state):
                was, self._state = self._state, state
                return self._moved(was, state)
            case Thought() | SoundMade():
                return []
            case Saying(text):
                return self._saying(text.strip())
            case Heard(text):
                return [] if self._is_legacy else self._heard(text)
            case Said(line):
                if line.role == "user":
                    self._is_asked = True
                    return [_rtvi("user-llm-text", {"text": line.text})]
                return self._said(line)
            case Withdrawn():
                return [_rtvi("server-message", {"type": "turn-withdrawn"})]
            case HearingChanged() | SpokeInWriting():
                return []
            case Ended(reason):
                return [_rtvi("server-message", {"type": "call-ended", "reason": reason})]

    def failed(self, why: str) -> Message:
        """The call cannot go on."""
        return _error(why, is_fatal=True)

    def _obeyed(self, message: _Envelope) -> tuple[Command | None, list[Message]]:
        match message.type:
            case "client-ready":
                return ClientReady(), self._ready(message)
            case "disconnect-bot":
                return HangUp(), []
            case "send-text":
                asked = msgspec.convert(message.data, _Text)
                return self._typed(asked.content, is_now=asked.options.run_immediately), []
            case "append-to-context":
                context = msgspec.convert(message.data, _Context)
                is_now = context.run_immediately and context.role == "user"
                typed = self._typed(context.content, is_now=is_now)
                return typed, [_rtvi("append-to-context-result", {"result": "ok"}, message.id)]
            case "dtmf":
                return self._typed(_keys(message.data)), []
            case "client-message":
                return self._interrupted(message)
            case unknown:
                raise _Refused(f"Unsupported type {unknown[:100]}")

    def _interrupted(self, message: _Envelope) -> tuple[Command, list[Message]]:
        asked = msgspec.convert(message.data, _Asked)
        if asked.t != _INTERRUPT:
            raise _Refused(f"No application answers {asked.t[:100]}")
        return Interrupt(), [_rtvi("server-response", {"t": asked.t, "d": None}, message.id)]

    def _typed(self, content: Any, *, is_now: bool = True) -> Typed:
        if not is_now:
            raise _Refused("Only what a user says, and what is to be answered now, can be added")
        if not isinstance(content, str) or not content.strip():
            raise _Refused("There is no text in it")
        if len(content) > _LONGEST_TEXT:
            raise _Refused(f"The text is longer than {_LONGEST_TEXT} characters")
        return Typed(content.strip())

    def _ready(self, message: _Envelope) -> list[Message]:
        """An older client is answered in its own version; what else is asked for gets ours."""
        version = msgspec.convert(message.data or {"version": ""}, _Version).version
        major = version.partition(".")[0]
        self._is_legacy = major == str(_LEGACY)
        answers: list[Message] = []
        if major not in (str(_LEGACY), str(_CURRENT)):
            fault = f"RTVI {version[:20] or 'of no version'} is not spoken here, but {PROTOCOL}"
            answers.append(_error_response(message.id, fault))
        name, own_version = self._product
        ready = {
            "version": version[:20] if self._is_legacy else PROTOCOL,
            "about": {"library": name, "library_version": own_version},
        }
        return [*answers, _rtvi("bot-ready", ready, message.id)]

    def _moved(self, was: str, state: str) -> list[Message]:
        messages: list[Message] = []
        if was == "speaking":
            messages += [_rtvi("bot-tts-stopped"), _rtvi("bot-stopped-speaking")]
        if was != "listening" and state != "speaking":
            messages.append(_rtvi("bot-llm-stopped"))
        if state == "thinking":
            self._segments = []
            messages.append(_rtvi("bot-llm-started"))
        elif state == "speaking":
            messages += [_rtvi("bot-started-speaking"), *self._measured()]
        return messages

    def _measured(self) -> list[Message]:
        """Where the time before an answer went; what is said unasked lets nobody wait."""
        is_asked, self._is_asked = self._is_asked, False
        shares = self._answers.heard.shares() if is_asked else {}
        if not shares:
            return []
        first = {stage: shares[stage] for stage in ("llm", "tts") if stage in shares}
        if self._answers.heard.voice_ended_s is not None:
            first = {"voice-to-voice": sum(shares.values())} | first
        return [_rtvi("metrics", {"ttfb": _measures(first), "processing": _measures(shares)})]

    def _saying(self, text: str) -> list[Message]:
        is_first = not self._segments
        segment = _Segment(self._next_segment, text)
        self._next_segment += 1
        self._segments.append(segment)
        spoken = {"text": text if is_first else f" {text}"}
        return [
            _rtvi("bot-llm-text", spoken),
            *([_rtvi("bot-tts-started")] if is_first else []),
            _rtvi("bot-tts-text", {"text": text}),
            _rtvi("bot-output", self._output(segment)),
        ]

    def _said(self, line: Line) -> list[Message]:
        """What was heard of the reply, which may end within a sentence."""
        outputs = self._heard(line.text)
        self._segments = []
        return [_rtvi("bot-transcription", {"text": line.text}), *outputs]

    def _heard(self, reply: str) -> list[Message]:
        """Of each sentence of which more was heard than when it was last told."""
        left = len(reply)
        outputs: list[Message] = []
        for segment in self._segments:
            heard = min(len(segment.text), left)
            left = max(0, left - len(segment.text) - 1)
            if heard > segment.heard:
                segment.heard = heard
                outputs.append(_rtvi("bot-output", self._output(segment)))
        return outputs

    def _output(self, segment: _Segment) -> Mapping[str, Any]:
        text, heard = segment.text, segment.heard
        fields = {"text": text, "aggregated_by": "sentence", "segment_id": segment.number}
        if self._is_legacy:
            return fields | {"text": text[:heard] or text, "spoken": heard > 0}
        status = "new" if not heard else "completed" if heard == len(text) else "in-progress"
        progress = {"accumulated_text": text[:heard], "remaining_text": text[heard:]}
        spoken = {"will_be_spoken": True, "spoken_status": status, "spoken_progress": progress}
        return fields | {"output_type": "sentence", "text_type": "sentence"} | spoken

    def _transcript(self, understood: Understanding) -> Mapping[str, Any]:
        """`metadata` is ours: emotion, intent and the like, where they are known."""
        return {
            "text": understood.text,
            "user_id": "",
            "timestamp": self._now().isoformat(timespec="milliseconds"),
            "final": understood.is_final,
        } | ({"metadata": understood.labels} if understood.labels else {})


def _keys(data: Any) -> str:
    keys = msgspec.convert(data, _Keys)
    pressed = "".join(keys.buttons) or keys.button
    if not pressed or len(pressed) > _MOST_KEYS or pressed.strip("0123456789*#"):
        raise _Refused("The keys are 0 to 9, * and #")
    return pressed


def _rtvi(kind: str, data: Mapping[str, Any] | None = None, id: str = "") -> Message:  # noqa: A002
    message: Message = {"label": _LABEL, "type": kind}
    return message | ({"id": id} if id else {}) | ({"data": data} if data is not None else {})


def _measures(seconds: Mapping[str, float]) -> list[Mapping[str, Any]]:
    return [{"processor": name, "value": round(each, 3)} for name, each in seconds.items()]


def _error_response(message_id: str, fault: str) -> Message:
    return _rtvi("error-response", {"error": fault}, message_id)


def _error(fault: str, *, is_fatal: bool = False) -> Message:
    return _rtvi("error", {"error": fault, "message": fault, "fatal": is_fatal})
