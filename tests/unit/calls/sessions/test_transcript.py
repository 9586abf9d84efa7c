"""Events of a session become turns, with the moments that each answer took."""

from app.calls.sessions.domain import Segment, Timings
from app.calls.sessions.transcript import Transcript
from app.realtime.conversation import Line
from app.realtime.events import (
    Said,
    Saying,
    SessionEvent,
    SoundMade,
    StateChanged,
    Thought,
    Understanding,
    VoiceChanged,
    Withdrawn,
)

BEGAN_S = 100.0


def told(*events: SessionEvent) -> Transcript:
    transcript = Transcript(BEGAN_S)
    for event in events:
        transcript.tell(event)
    return transcript


def question(text: str, began_s: float, ended_s: float, over_s: float) -> list[SessionEvent]:
    return [
        VoiceChanged(True, began_s),
        VoiceChanged(False, ended_s),
        Understanding(text, True, ended_s + 0.3, {"emotion": "EMOTION_HAPPY"}),
        StateChanged("thinking", over_s),
        Said(Line("user", text, over_s)),
    ]


def test_an_answer_tells_where_the_time_before_it_went() -> None:
    transcript = told(*question("What time is it?", 101.0, 102.0, 102.5))
    for event in (
        Thought(102.7),
        Saying("It is", 102.75),
        SoundMade(102.875),
        Saying("four.", 102.9),
        StateChanged("speaking", 103.0),
        VoiceChanged(True, 103.2),
        VoiceChanged(False, 103.4),
        Understanding("mm-hmm", True, 103.5),
        Said(Line("agent", "It is four.", 104.0)),
    ):
        transcript.tell(event)
    user, agent = transcript.turns
    assert (user.role, user.text, user.at_s, user.ended_s) == ("user", "What time is it?", 1.0, 2.5)
    assert user.segments == (Segment("What time is it?", 2.3, {"emotion": "EMOTION_HAPPY"}),)
    assert (agent.at_s, agent.ended_s) == (3.0, 4.0)
    assert agent.timings == Timings(
        voice_ended_s=2.0,
        final_text_s=2.3,
        turn_over_s=2.5,
        first_token_s=2.7,
        first_sentence_s=2.75,
        sound_made_s=2.875,
        first_sound_s=3.0,
    )
    assert agent.timings.voice_to_voice_s == 1.0


def test_what_interrupts_an_answer_is_measured_with_the_next() -> None:
    transcript = told(
        *question("Hello", 101.0, 102.0, 102.5),
        StateChanged("speaking", 103.0),
        VoiceChanged(True, 103.5),
        VoiceChanged(False, 104.0),
        Understanding("no, wait", True, 104.2),
        Said(Line("agent", "Let me", 104.2, is_cut=True)),
        StateChanged("thinking", 104.6),
        Said(Line("user", "no, wait", 104.6)),
        StateChanged("speaking", 105.0),
        Said(Line("agent", "Yes?", 105.5)),
    )
    _, cut, user, answer = transcript.turns
    assert cut.is_cut
    assert cut.timings.voice_to_voice_s == 1.0
    assert user.segments == (Segment("no, wait", 4.2),)
    assert answer.timings.voice_ended_s == 4.0
    assert answer.timings.voice_to_voice_s == 1.0


def test_a_question_that_was_not_all_comes_again_once() -> None:
    line = Line("user", "I would like", 102.5)
    transcript = told(
        *question("I would like", 101.0, 102.0, 102.5)[:-1],
        Said(line),
        Withdrawn(line),
        VoiceChanged(True, 102.6),
        VoiceChanged(False, 103.0),
        Understanding("a table", True, 103.2),
        StateChanged("thinking", 103.6),
        Said(Line("user", "I would like a table", 103.6)),
    )
    (user,) = transcript.turns
    assert user.text == "I would like a table"
    assert [segment.text for segment in user.segments] == ["I would like", "a table"]


def test_a_noise_into_an_answer_is_not_where_the_next_turn_begins() -> None:
    transcript = told(
        StateChanged("speaking", 100.0),
        VoiceChanged(True, 100.5),
        VoiceChanged(False, 100.8),
        Said(Line("agent", "Good morning to you.", 102.0)),
        *question("Hello", 104.0, 105.0, 105.5),
    )
    assert [turn.at_s for turn in transcript.turns] == [0.0, 4.0]


def test_what_is_typed_or_said_unasked_has_no_moments_before_it() -> None:
    transcript = told(
        StateChanged("thinking", 100.0),
        Saying("Hello.", 100.1),
        StateChanged("speaking", 100.4),
        Said(Line("agent", "Hello.", 101.0)),
    )
    (greeting,) = transcript.turns
    assert greeting.timings == Timings(turn_over_s=0.0, first_sentence_s=0.1, first_sound_s=0.4)
    assert greeting.timings.voice_to_voice_s is None
