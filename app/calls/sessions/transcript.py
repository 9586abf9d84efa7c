"""What happened in a session, as turns that are kept: the words that were heard, and where the time
before each answer went. Pure."""

from dataclasses import asdict, dataclass, field

from app.calls.sessions.domain import Segment, Timings, Turn
from app.realtime.conversation import Line
from app.realtime.events import (
    Said,
    SessionEvent,
    Understanding,
    VoiceChanged,
    Withdrawn,
)
from app.realtime.moments import Answers


@dataclass(slots=True)
class Transcript:
    """Told of all that happens, in its order. Times come in on the clock of the session and go out
    as seconds since `began_s`."""

    began_s: float
    turns: list[Turn] = field(default_factory=list[Turn])
    _segments: list[Segment] = field(default_factory=list[Segment])
    _answers: Answers = field(default_factory=Answers)
    _voice_since_s: float | None = None
    _is_voice: bool = False

    def tell(self, event: SessionEvent) -> Turn | None:
        """The turn that has entered the history by it."""
        self._answers.tell(event)
        match event:
            case VoiceChanged():
                self._note_voice(event)
            case Understanding(text, True, at_s, labels):
                self._segments.append(Segment(text, self._since(at_s), dict(labels)))
            case Said(line):
                turn = self._of_user(line) if line.role == "user" else self._of_agent(line)
                self.turns.append(turn)
                return turn
            case Withdrawn():
                self._segments = [*self.turns.pop().segments, *self._segments]
            case _:
                pass
        return None

    def _note_voice(self, event: VoiceChanged) -> None:
        self._is_voice = event.is_voice
        if event.is_voice and self._voice_since_s is None:
            self._voice_since_s = event.at_s

    def _of_user(self, line: Line) -> Turn:
        began_s, self._voice_since_s = self._voice_since_s, None
        segments, self._segments = tuple(self._segments), []
        return self._turn(line, began_s, segments=segments)

    def _of_agent(self, line: Line) -> Turn:
        """A noise that came to nothing while it was said is forgotten."""
        moments = self._answers.heard
        if not self._is_voice:
            self._voice_since_s = None
        since = {name: at and self._since(at) for name, at in asdict(moments).items()}
        timings = Timings(**since)
        return self._turn(line, moments.first_sound_s, timings=timings)

    def _turn(
        self,
        line: Line,
        began_s: float | None,
        *,
        segments: tuple[Segment, ...] = (),
        timings: Timings | None = None,
    ) -> Turn:
        return Turn(
            role=line.role,
            text=line.text,
            at_s=self._since(began_s or line.at_s),
            ended_s=self._since(line.at_s),
            is_cut=line.is_cut,
            segments=segments,
            timings=timings or Timings(),
        )

    def _since(self, at_s: float) -> float:
        return round(at_s - self.began_s, 3)
