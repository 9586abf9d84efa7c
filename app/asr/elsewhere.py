"""Speech that another server recognizes: one sentence a request, asked when its speaker pauses."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import msgspec

from app.asr.catalogue import AUTO, Choice, SpeechModel
from app.asr.clustering import Vectors
from app.asr.diarization import SpeakerTurn
from app.asr.domain import SpeechSpan
from app.asr.live import StreamOptions
from app.asr.recognition import SAMPLE_RATE, Hypothesis, Recognition, Tags, Word
from app.asr.speakers import LiveSpeakers
from app.asr.text.words import Word as SaidWord
from app.asr.transcriber import Asked
from app.asr.utterances import write
from app.core.audio.convert import Samples
from app.core.audio.wav import wav_bytes
from app.core.errors import AppError, Unavailable, UpstreamFailed
from app.core.http import OutboundClient, OutboundLimits
from app.core.setting_fields import Secret

LIMITS = OutboundLimits(
    connect_s=2, read_s=8, total_s=8, max_response_bytes=1024 * 1024, max_redirects=0
)
"""Whoever speaks is not heard on for so long, and waits for an answer."""

Server = Literal["qwen", "ollama-whisper", "openai"]

log = logging.getLogger(__name__)


class RecognizerFailed(UpstreamFailed):
    """The server that recognizes speech answered, and what it answered is no text."""

    code = "recognizer_failed"


class OnlyPauses(Unavailable):
    """A sentence under way is not asked about: each look would be a request."""


@dataclass(frozen=True, slots=True)
class _Form:
    path: str
    sound: str


_OPENAI = _Form("/v1/audio/transcriptions", "file")
_FORMS: dict[Server, _Form] = {
    "qwen": _OPENAI,
    "openai": _OPENAI,
    "ollama-whisper": _Form("/api/transcribe", "audio"),
}


class _Answer(msgspec.Struct, frozen=True):
    text: str
    confidence: float | None = None


class RemoteRecognizer:
    """`base_url` with or without `/v1`. `client` reaches what is there and nothing else."""

    def __init__(
        self, server: Server, base_url: str, key: Secret, *, model: str, client: OutboundClient
    ) -> None:
        self.model = model
        self._form = _FORMS[server]
        self._url = base_url.rstrip("/").removesuffix("/v1") + self._form.path
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = client

    async def recognize(self, sound: Samples, language: str) -> Recognition:
        """Raises AppError where no text can be had."""
        fields = {"model": self.model, "response_format": "json"}
        if language != AUTO:
            fields["language"] = language
        boundary = uuid4().hex
        answer = await self._client.request(
            "POST",
            self._url,
            headers={
                **self._headers,
                "content-type": f"multipart/form-data; boundary={boundary}",
            },
            content=_multipart(boundary, fields, self._form.sound, wav_bytes(sound, SAMPLE_RATE)),
        )
        if answer.status != 200:
            raise RecognizerFailed(f"The speech recognizer answers {answer.status}")
        try:
            told = msgspec.json.decode(answer.body, type=_Answer)
        except msgspec.DecodeError:
            raise RecognizerFailed("The speech recognizer does not answer with a text") from None
        return _recognition(told, sound.size / SAMPLE_RATE, language)


class HearingRemotely:
    """Of one stream. Where no text can be had it was silence, and `tell` learns that nobody hears;
    and once somebody does again."""

    def __init__(self, recognizer: RemoteRecognizer, tell: Callable[[bool], None]) -> None:
        self._recognizer = recognizer
        self._tell = tell
        self._hears = True

    def asked(self, options: StreamOptions) -> Asked:
        name = self._recognizer.model
        model = SpeechModel(name, name, "", "whisper", (), "Recognized elsewhere.")
        return Asked(options, Choice(model, options.language))

    async def recognize(self, sound: Samples, asked: Asked, *, is_final: bool) -> Recognition:
        language = asked.options.language
        if not is_final:
            raise OnlyPauses("a sentence is recognized when its speaker pauses")
        try:
            heard = await self._recognizer.recognize(sound, language)
        except AppError as error:
            log.warning("speech is not recognized: %s", error.message)
            self._note(hears=False)
            return _recognition(_Answer(""), 0.0, language)
        self._note(hears=True)
        return heard

    def _note(self, *, hears: bool) -> None:
        if hears != self._hears:
            self._hears = hears
            self._tell(hears)

    async def tell_apart(
        self, speakers: LiveSpeakers, utterance: SpeechSpan, sound: Samples
    ) -> list[SpeakerTurn]:
        raise Unavailable("Speakers are told apart by our own models only")

    async def tag_words(self, texts: Sequence[str], language: str, asked: Asked) -> list[Tags]:
        return [{} for _ in texts]

    async def embed(self, sound: Samples) -> Vectors:
        raise Unavailable("Voices are compared by our own models only")

    async def write(
        self, words: Sequence[SaidWord], language: str, options: StreamOptions
    ) -> list[SaidWord]:
        return write(words, language, options)


def _multipart(boundary: str, fields: dict[str, str], name: str, wav: bytes) -> bytes:
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    )
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="audio.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    return head.encode() + wav + f"\r\n--{boundary}--\r\n".encode()


def _recognition(answer: _Answer, length_s: float, language: str) -> Recognition:
    """Whoever tells no confidence is believed; words without times are spread evenly."""
    confidence = 1.0 if answer.confidence is None else min(max(answer.confidence, 0.0), 1.0)
    texts = answer.text.split()
    each_s = length_s / max(1, len(texts))
    words = tuple(
        Word(text, number * each_s, (number + 1) * each_s, confidence)
        for number, text in enumerate(texts)
    )
    return Recognition((Hypothesis(answer.text.strip(), 0.0, words),), language, 1.0, 0.0)
