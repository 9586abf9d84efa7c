"""One call from its first sound to its last: a line, and the agent that answers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.asr.live import StreamOptions
from app.asr.streaming import StreamService
from app.calls.sessions.ears import PAUSE_MS, listen
from app.realtime.conversation import Brain, Line, Mouth
from app.realtime.endpointing import SMART, Evidence, Patience, Strategy, silence_needed_s
from app.realtime.line import Line as Connection
from app.realtime.session import Ended, Parts, Phrases, Session, SessionEvent
from app.realtime.silence import SilenceRules
from app.realtime.turn import Turn
from app.realtime.words import SmallWords


@dataclass(frozen=True, slots=True)
class Cast:
    """An agent as a call needs it. `strategies` none: silence alone ends a turn."""

    brain: Brain
    mouth: Mouth
    words: SmallWords
    language: str = "en"
    phrases: Phrases = field(default_factory=Phrases)
    silence: SilenceRules = field(default_factory=SilenceRules)
    patience: Patience = field(default_factory=Patience)
    strategies: Sequence[Strategy] = SMART


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation that is over."""

    lines: Sequence[Line]
    ended: Ended


async def conduct(
    line: Connection,
    cast: Cast,
    streams: StreamService,
    witness: Callable[[SessionEvent], None],
) -> Held:
    """Until somebody hangs up. Raises where the call cannot be heard."""

    def tell(event: SessionEvent) -> None:
        line.tell(event)
        witness(event)

    def silence_s(text: str) -> float:
        asked = next((said.text for said in reversed(session.lines) if said.role == "agent"), "")
        evidence = Evidence(text, cast.words, asked)
        return silence_needed_s(evidence, cast.patience, cast.strategies)

    parts = Parts(cast.brain, cast.mouth, line.playout, Turn(cast.words, silence_s))
    session = Session(parts, tell, phrases=cast.phrases, silence=cast.silence)
    line.typed = session.typed
    options = StreamOptions(
        language=cast.language,
        encoding=line.encoding,
        sample_rate=line.sample_rate,
        endpointing_ms=PAUSE_MS,
    )

    async def hear(session: Session) -> None:
        await listen(streams, options, line.sounds(), session)

    try:
        ended = await session.run(hear)
    finally:
        await line.close()
    return Held(tuple(session.lines), ended)
