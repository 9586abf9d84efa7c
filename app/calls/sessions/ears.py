"""What is heard on a line, told to the session: voices as they begin and pause, and words."""

from collections.abc import AsyncIterator

from app.asr.live import (
    Said,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    StreamEvent,
    StreamOptions,
)
from app.asr.streaming import LiveStream, StreamService
from app.realtime.session import Session

PAUSE_MS = 208
"""A sentence is final after so much silence. Whether the turn is over is not decided here."""


async def listen(
    streams: StreamService,
    options: StreamOptions,
    sounds: AsyncIterator[bytes],
    session: Session,
) -> None:
    """Until the line has no more sound. `options` say how it is encoded."""
    teller = _Teller(session)
    async with streams.open(teller.tell) as stream:
        teller.stream = stream
        await stream.configure(options)
        async for data in sounds:
            await stream.hear(data)


class _Teller:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._has_final = False
        self.stream: LiveStream | None = None

    async def tell(self, event: StreamEvent) -> None:
        match event:
            case SpeechBegan():
                self._has_final = False
                self._session.voice_began()
            case SpeechResumed():
                self._session.voice_began()
            case SpeechPaused(_, at_s):
                self._session.voice_ended(ago_s=self._ago_s(at_s))
            case SpeechEnded(_, at_s):
                if not self._has_final:
                    self._session.heard("", is_final=True)
            case Said():
                self._has_final = self._has_final or event.is_final
                self._session.heard(event.text, is_final=event.is_final, labels=event.labels)

    def _ago_s(self, at_s: float) -> float:
        return max(0.0, self.stream.heard_s - at_s) if self.stream else 0.0
