"""Speaking elsewhere: what the clients of vendors share.

A request is tried again only while no sound of its answer has come; closing the iteration closes
the connection. What goes wrong is a sentence that names the vendor and never holds its key.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec
import numpy as np

from app.core.audio.convert import Samples, float_from_int16
from app.core.errors import AppError, Unavailable, UpstreamFailed
from app.core.http import OutboundClient, OutboundFailed, OutboundLimits, OutboundStream
from app.tts.speech import SAMPLE_RATE, Manner, Sentence, SpeechChunk, SpokenWord, TimedWord

LIMITS = OutboundLimits(
    connect_s=3, read_s=15, total_s=900, max_response_bytes=64 * 1024 * 1024, max_redirects=0
)
"""`total_s` is long: a listener may take what is sent as slowly as it is spoken."""

WAITS_S = (0.2, 0.8)
"""Before a second and a third try."""

LONGEST_WAIT_S = 2.0
ERROR_BYTES = 64 * 1024
ERROR_CHARACTERS = 200
SOUND = ("audio/", "application/octet-stream")
JSON = ("application/json",)

_NO_CREDIT = frozenset({"insufficient_quota", "insufficient_quota_error", "quota_exceeded"})
_PASSING = frozenset({408, 425, 500, 502, 503, 504, 529})


class SpeakerFailed(UpstreamFailed):
    """The vendor answered, and what it answered cannot be heard."""

    code = "speaker_failed"


class SpeakerRefused(UpstreamFailed):
    """The vendor knows what it was asked and will not do it; asking again changes nothing."""

    code = "speaker_refused"


class SpeakerOverloaded(Unavailable):
    """The vendor takes no more requests for now."""

    code = "speaker_overloaded"


@dataclass(frozen=True, slots=True)
class Passage:
    """What one request says, and the silence behind it."""

    words: tuple[SpokenWord, ...]
    pause_s: float = 0.0

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class Vendor(Protocol):
    @property
    def ignores(self) -> frozenset[str]: ...

    @property
    def most_characters(self) -> int:
        """Of one request."""
        ...

    def say(self, passage: Passage, manner: Manner) -> AsyncGenerator[SpeechChunk, None]:
        """Times count from the beginning of the passage."""
        ...


class RemoteEngine:
    """An engine that reads text, that of the words with the marks behind them. `speed`: how fast it
    speaks where the manner says 1."""

    def __init__(self, vendor: Vendor, speed: float = 1.0) -> None:
        self._vendor = vendor
        self._speed = speed

    @property
    def ignores(self) -> frozenset[str]:
        return self._vendor.ignores

    async def speak(
        self, sentences: Sequence[Sentence], manner: Manner
    ) -> AsyncGenerator[SpeechChunk, None]:
        said = 0
        manner = replace(manner, speed=manner.speed * self._speed)
        for passage in passages(sentences, self._vendor.most_characters):
            before_s = said / SAMPLE_RATE
            async with aclosing(self._vendor.say(passage, manner)) as chunks:
                async for chunk in chunks:
                    said += chunk.samples.size
                    yield _later(chunk, before_s)
            if passage.pause_s:
                silence = np.zeros(round(passage.pause_s * SAMPLE_RATE), np.float32)
                said += silence.size
                yield SpeechChunk(silence)


def passages(sentences: Sequence[Sentence], most_characters: int) -> Iterator[Passage]:
    """As few as the limit and the pauses permit. A word longer than the limit goes as it is: the
    vendor says what it thinks of it."""
    held: list[SpokenWord] = []
    characters = 0
    for sentence in sentences:
        length = sum(len(word.text) + 1 for word in sentence.words)
        if held and characters + length > most_characters:
            yield Passage(tuple(held))
            held, characters = [], 0
        for word in sentence.words:
            if held and characters + len(word.text) > most_characters:
                yield Passage(tuple(held))
                held, characters = [], 0
            held.append(word)
            characters += len(word.text) + 1
        if sentence.pause_s and held:
            yield Passage(tuple(held), sentence.pause_s)
            held, characters = [], 0
    if held:
        yield Passage(tuple(held))


def _later(chunk: SpeechChunk, by_s: float) -> SpeechChunk:
    return replace(chunk, words=tuple(_word_later(word, by_s) for word in chunk.words))


def _word_later(word: TimedWord, by_s: float) -> TimedWord:
    return replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)


class RemoteApi:
    """One vendor's HTTP interface. `client` reaches what is at `base_url` and nothing else."""

    def __init__(
        self, vendor: str, base_url: str, headers: Mapping[str, str], client: OutboundClient
    ) -> None:
        self.vendor = vendor
        self._base_url = base_url.rstrip("/")
        self._headers = {"content-type": "application/json", **headers}
        self._client = client

    @asynccontextmanager
    async def post(
        self, path: str, body: Mapping[str, Any], *, media: Sequence[str]
    ) -> AsyncGenerator[OutboundStream]:
        """The head of an answer that is good so far. `media`: what its type may begin with."""
        async with AsyncExitStack() as stack:
            yield await self._answer(stack, path, msgspec.json.encode(body), media)

    async def _answer(
        self, stack: AsyncExitStack, path: str, content: bytes, media: Sequence[str]
    ) -> OutboundStream:
        waits_s = iter(WAITS_S)
        while True:
            try:
                return await self._try(stack, path, content, media)
            except _Passing as passing:
                wait_s = next(waits_s, None)
                if wait_s is None or passing.retry_after_s > LONGEST_WAIT_S:
                    raise passing.fault from None
                wait_s = max(wait_s, passing.retry_after_s)
            await asyncio.sleep(wait_s)

    async def _try(
        self, stack: AsyncExitStack, path: str, content: bytes, media: Sequence[str]
    ) -> OutboundStream:
        url = self._base_url + path
        async with AsyncExitStack() as attempt:
            try:
                answer = await attempt.enter_async_context(
                    self._client.stream("POST", url, headers=self._headers, content=content)
                )
            except OutboundFailed as error:
                raise _Passing(error) from error
            if answer.status != 200:
                raise self._fault(answer, await _error_body(answer))
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if not kind.startswith(tuple(media)):
                raise self.failed(f"answers with {kind[:80] or 'no type'} where sound was expected")
            stack.push_async_exit(attempt.pop_all())
            return answer

    def failed(self, how: str) -> SpeakerFailed:
        return SpeakerFailed(f"{self.vendor} {how}", vendor=self.vendor)

    def _fault(self, answer: OutboundStream, body: bytes) -> Exception:
        fault = _read_fault(body)
        status, vendor = answer.status, self.vendor
        if status == 402 or {fault.code, fault.status, fault.type} & _NO_CREDIT:
            return SpeakerRefused(f"The account at {vendor} has no credit left", vendor=vendor)
        if status in (401, 403):
            return SpeakerRefused(f"The key of {vendor} was refused", vendor=vendor)
        retry_after_s = _retry_after_s(answer)
        if status == 429:
            overloaded = SpeakerOverloaded(
                f"{vendor} takes no more requests for now",
                vendor=vendor,
                retry_after_s=max(1, retry_after_s),
            )
            return _Passing(overloaded, retry_after_s)
        if status in _PASSING:
            return _Passing(self.failed(f"answers {status}"), retry_after_s)
        why = f": {_readable(fault.message)}" if fault.message else f" (status {status})"
        return SpeakerRefused(f"{vendor} does not accept the request{why}", vendor=vendor)


class _Passing(Exception):
    """A fault that may be gone the next time."""

    def __init__(self, fault: AppError, retry_after_s: int = 0) -> None:
        self.fault = fault
        self.retry_after_s = retry_after_s


async def samples_of(pieces: AsyncIterator[bytes], api: RemoteApi) -> AsyncGenerator[Samples, None]:
    """Of a stream of s16le at SAMPLE_RATE. Raises where it ends before there was any."""
    rest, is_first = b"", True
    async for piece in pieces:
        data = rest + piece
        if len(data) < 4:
            rest = data
            continue
        if is_first and data.startswith((b"RIFF", b"ID3", b"OggS", b"fLaC")):
            raise api.failed("sends a file where bare samples were asked for")
        is_first = False
        whole = len(data) & ~1
        rest = data[whole:]
        yield as_samples(data[:whole])
    if is_first:
        raise api.failed("sent no sound")


def as_samples(data: bytes) -> Samples:
    return float_from_int16(np.frombuffer(data, "<i2"))


async def _error_body(answer: OutboundStream) -> bytes:
    body = b""
    async for piece in answer.chunks():
        body += piece
        if len(body) >= ERROR_BYTES:
            break
    return body


class _Fault(msgspec.Struct, frozen=True):
    code: str | int | None = None
    status: str | int | None = None
    type: str | None = None
    message: str | None = None


class _ErrorBody(msgspec.Struct, frozen=True):
    """In the forms that vendors write."""

    error: _Fault | str | None = None
    detail: _Fault | str | list[Any] | None = None


def _read_fault(body: bytes) -> _Fault:
    try:
        told = msgspec.json.decode(body, type=_ErrorBody)
    except msgspec.MsgspecError:
        return _Fault()
    fault = told.error or told.detail
    if isinstance(fault, _Fault):
        return fault
    return _Fault(message=fault if isinstance(fault, str) else None)


def _readable(message: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in message)
    return " ".join(shown.split())[:ERROR_CHARACTERS]


def _retry_after_s(answer: OutboundStream) -> int:
    value = answer.headers.get("retry-after", "")
    return int(value) if re.fullmatch("[0-9]{1,6}", value) else 0
