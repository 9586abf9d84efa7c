"""What is heard on a line, told to the session: voices as they begin and pause, and words."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from app.asr.ears import USUAL_EARS, Ears
from app.asr.live import (
    Encoding,
    Said,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    StreamEvent,
    StreamOptions,
)
from app.asr.streaming import LiveStream, StreamService
from app.asr.tags.mean import labels_of
from app.core.aio import TaskScope
from app.core.errors import AppError
from app.realtime.session import Session

PAUSE_MS = 208
"""A sentence is final after so much silence. Whether the turn is over is not decided here."""

_GAP_S = 1.0
_QUIET: Mapping[Encoding, bytes] = {
    "s16le": bytes(2),
    "f32le": bytes(4),
    "mulaw": b"\xff",
    "alaw": b"\xd5",
}
"""A sample of silence."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pause:
    """How the voice sounded before the pause that lasts now. `over`: how likely all was said; None
    until that is judged."""

    over: float | None = None


async def listen(
    streams: StreamService,
    options: StreamOptions,
    sounds: AsyncIterator[bytes],
    session: Session,
    pause: Pause | None = None,
    ears: Ears = USUAL_EARS,
) -> None:
    """Until the line has no more sound. `options` say how it is encoded. `pause`: is kept up while
    silence is waited for; what comes too late for that changes nothing."""
    async with TaskScope() as scope:
        teller = _Teller(session, scope, pause)
        async with streams.open(teller.tell, ears) as stream:
            teller.stream = stream
            await stream.configure(options)
            hearing = _Hearing(stream, teller)
            async with TaskScope() as minding:
                minding.spawn("mind gaps", hearing.mind_gaps())
                async for data in sounds:
                    await hearing.hear(data)
                await minding.cancel()
        await scope.cancel()


class _Hearing:
    """What a line gives. Where a voice breaks off and nothing more comes, it is silence: nobody
    would ever be answered otherwise, nor hung up on."""

    def __init__(self, stream: LiveStream, teller: "_Teller") -> None:
        self._stream = stream
        self._teller = teller
        self._turn = asyncio.Lock()
        self._broke_off = asyncio.Event()
        self._due: asyncio.TimerHandle | None = None

    async def hear(self, data: bytes) -> None:
        if self._due:
            self._due.cancel()
        async with self._turn:
            await self._stream.hear(data)
        if self._teller.is_voice:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(_GAP_S, self._broke_off.set)

    async def mind_gaps(self) -> None:
        options = self._stream.options
        silence = _QUIET[options.encoding] * round(_GAP_S * options.sample_rate)
        while True:
            await self._broke_off.wait()
            self._broke_off.clear()
            await self.hear(silence)


class _Teller:
    def __init__(self, session: Session, scope: TaskScope, pause: Pause | None) -> None:
        self._session = session
        self._scope = scope
        self._pause = pause
        self._pauses = 0
        self._has_final = False
        self.is_voice = False
        self.stream: LiveStream | None = None

    async def tell(self, event: StreamEvent) -> None:
        match event:
            case SpeechBegan():
                self.is_voice = True
                self._has_final = False
                self._goes_on()
            case SpeechResumed():
                self._goes_on()
            case SpeechPaused(_, at_s):
                self._judge()
                self._session.voice_ended(ago_s=self._ago_s(at_s))
            case SpeechEnded():
                self.is_voice = False
                if not self._has_final:
                    self._session.heard("", is_final=True)
            case Said():
                self._has_final = self._has_final or event.is_final
                self._session.heard(
                    event.text,
                    is_final=event.is_final,
                    labels=labels_of(event.tags),
                    confidence=event.confidence,
                )

    def _goes_on(self) -> None:
        self._pauses += 1
        if self._pause:
            self._pause.over = None
        self._session.voice_began()

    def _judge(self) -> None:
        if self._pause and self.stream:
            self._scope.spawn("judge a pause", self._judged(self._pause, self.stream))

    async def _judged(self, pause: Pause, stream: LiveStream) -> None:
        number = self._pauses
        try:
            over = await stream.is_over()
        except AppError as error:
            log.info("a pause is not judged by its sound: %s", error.code)
            return
        if number == self._pauses:
            pause.over = over

    def _ago_s(self, at_s: float) -> float:
        return max(0.0, self.stream.heard_s - at_s) if self.stream else 0.0
