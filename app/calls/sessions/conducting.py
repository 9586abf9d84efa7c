"""One call from its first sound to its last: a line, and the agent that answers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.asr.ears import USUAL_EARS, Ears
from app.asr.live import StreamOptions
from app.asr.streaming import StreamService
from app.calls.sessions.ears import PAUSE_MS, Pause, listen
from app.realtime.conversation import Brain, Line, Mouth
from app.realtime.endpointing import SMART, Evidence, Patience, Strategy, silence_needed_s
from app.realtime.line import Line as Connection
from app.realtime.session import Ended, Habits, Parts, Phrases, Session, SessionEvent
from app.realtime.silence import SilenceRules
from app.realtime.strategies.adaptation import EmotionAdaptation
from app.realtime.strategies.backchannel import Backchannel
from app.realtime.strategies.closing import ClosingPhrase
from app.realtime.strategies.humanizing import BreathingMouth, RoomTone
from app.realtime.turn import Turn, TurnRules
from app.realtime.words import SmallWords

_AHEAD_S = 0.5


@dataclass(frozen=True, slots=True)
class Cast:
    """An agent as a call needs it. `strategies` none: silence alone ends a turn. `judges_sound`:
    they are told how a voice sounded before it paused. `opens`: the brain has something to say
    before anybody asks. `silence` none: nobody minds it. `yields`: words of the user stop the
    agent. `thinks_ahead`: begins an answer before the turn is over, now and then in vain. `closes`:
    hangs up after a goodbye. `murmurs`: "mm-hmm", while the user speaks for long. `adapts`: the
    brain is told of moods. `facts`: what the agent has found out by now."""

    brain: Brain
    mouth: Mouth
    words: SmallWords
    ears: Ears = USUAL_EARS
    language: str = "en"
    phrases: Phrases = field(default_factory=Phrases)
    silence: SilenceRules | None = None
    patience: Patience = field(default_factory=Patience)
    strategies: Sequence[Strategy] = SMART
    judges_sound: bool = False
    opens: bool = False
    yields: bool = True
    thinks_ahead: bool = False
    closes: bool = True
    murmurs: bool = True
    adapts: bool = True
    room_tone: bool = False
    filler_s: float = 2.5
    facts: Callable[[], Mapping[str, Any]] = dict

    @property
    def habits(self) -> Habits:
        """For one call: they remember what happened in it."""
        return Habits(
            closing=ClosingPhrase(self.words.farewells) if self.closes else None,
            backchannel=Backchannel(self.words.cues) if self.murmurs else None,
            adaptation=EmotionAdaptation() if self.adapts else None,
            filler_s=self.filler_s,
        )


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
    attend: Callable[[Session], None] = lambda _: None,
) -> Held:
    """Until somebody hangs up. Raises where the call cannot be heard. `attend` is given the
    session as it begins."""

    def tell(event: SessionEvent) -> None:
        line.tell(event)
        witness(event)

    def silence_s(text: str) -> float:
        asked = next((said.text for said in reversed(session.lines) if said.role == "agent"), "")
        evidence = Evidence(text, cast.words, asked, pause.over)
        return silence_needed_s(evidence, cast.patience, cast.strategies)

    pause = Pause()
    rules = TurnRules(yields=cast.yields, ahead_s=_AHEAD_S if cast.thinks_ahead else 0.0)
    turn = Turn(cast.words, silence_s, rules)
    parts = Parts(cast.brain, _humanized(cast, line), line.playout, turn)
    session = Session(
        parts,
        tell,
        phrases=cast.phrases,
        silence=cast.silence,
        habits=cast.habits,
        opens=cast.opens,
    )
    line.typed = session.typed
    attend(session)
    options = StreamOptions(
        language=cast.language,
        encoding=line.encoding,
        sample_rate=line.sample_rate,
        endpointing_ms=PAUSE_MS,
    )

    async def hear(session: Session) -> None:
        judged = pause if cast.judges_sound else None
        await listen(streams, options, line.sounds(), session, judged, cast.ears)

    try:
        ended = await session.run(hear)
    finally:
        await line.close()
    return Held(tuple(session.lines), ended)


def _humanized(cast: Cast, line: Connection) -> Mouth:
    if not cast.room_tone:
        return cast.mouth
    sample_rate = line.playout.sample_rate
    line.playout.background = RoomTone(sample_rate).next
    return BreathingMouth(cast.mouth, sample_rate)
