"""Voice sessions in memory: whose they are, how many, and for how long."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from app.calls.sessions import voice_sessions
from app.calls.sessions.voice_sessions import (
    KEPT,
    VoiceSession,
    VoiceSessionNotFound,
    VoiceSessions,
    VoiceSessionsFull,
)
from app.core.scope import OrgScope
from app.realtime.conversation import Line
from app.realtime.events import Said, StateChanged, VoiceChanged, Withdrawn
from app.realtime.playout import Playout

ONE, OTHER = OrgScope(uuid4(), "test"), OrgScope(uuid4(), "test")


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def sessions_by(clock: Clock) -> VoiceSessions:
    unused = cast("Any", None)
    return VoiceSessions(unused, unused, unused, clock.now)


def made(sessions: VoiceSessions) -> VoiceSession:
    return sessions.create(ONE, "user-123")


def test_a_session_is_there_for_its_organization_alone() -> None:
    sessions = sessions_by(Clock())
    session = made(sessions)
    assert sessions.get(ONE, session.id) is session
    with pytest.raises(VoiceSessionNotFound):
        sessions.get(OTHER, session.id)
    with pytest.raises(VoiceSessionNotFound):
        sessions.get(ONE, uuid4())


def test_it_is_forgotten_when_nothing_happens_in_it_unless_somebody_is_connected() -> None:
    clock = Clock()
    sessions = sessions_by(clock)
    idle, taken = made(sessions), made(sessions)
    taken.is_taken = True
    clock.at += KEPT
    assert sessions.get(ONE, idle.id)
    clock.at += timedelta(seconds=1)
    with pytest.raises(VoiceSessionNotFound):
        sessions.get(ONE, idle.id)
    assert sessions.get(ONE, taken.id)
    assert sessions.connected == 1


def test_so_many_are_kept_and_old_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_sessions, "MOST_SESSIONS", 2)
    clock = Clock()
    sessions = sessions_by(clock)
    made(sessions)
    made(sessions)
    with pytest.raises(VoiceSessionsFull):
        made(sessions)
    assert sessions.create(OTHER, "somebody")
    clock.at += KEPT + timedelta(seconds=1)
    assert made(sessions)


def test_it_knows_what_happens_in_it() -> None:
    session = made(sessions_by(Clock()))
    question = Line("user", "What is", 0.0)
    session.note(VoiceChanged(True, 0.0))
    session.note(Said(question))
    session.note(Withdrawn(question))
    session.note(Said(Line("user", "What is the weather?", 0.0)))
    session.note(StateChanged("speaking", 0.0))
    session.note(Said(Line("agent", "Fine.", 0.0)))
    assert (session.transcript, session.turn_count) == ("What is the weather?", 1)
    assert session.is_user_speaking
    assert session.is_agent_speaking
    session.release()
    assert not session.is_user_speaking
    assert not session.is_agent_speaking


def test_to_interrupt_reaches_whoever_is_connected() -> None:
    session, asked = made(sessions_by(Clock())), list[bool]()
    session.interrupt()
    session.playout = Playout(16_000)
    session.playout.refused = lambda: asked.append(True)
    session.interrupt()
    assert asked == [True]
