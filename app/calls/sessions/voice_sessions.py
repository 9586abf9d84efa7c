"""Voice sessions: what is made first and connected over a WebSocket later. They live in the memory
of this process; the calls that are held over them are on record as all calls are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app.calls.agents.service import Agents
from app.calls.sessions.browsers import PrepareCall, Prepared
from app.core.db import Database
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.scope import OrgScope
from app.realtime.events import Said, SessionEvent, StateChanged, VoiceChanged, Withdrawn
from app.realtime.playout import Playout

MOST_SESSIONS = 1000
"""Of one organization."""
KEPT = timedelta(hours=1)
"""Since something last happened in a session that nobody is connected to."""


class VoiceSessionNotFound(NotFound):
    code = "session_not_found"


class VoiceSessionTaken(Conflict):
    """Somebody is connected to it."""

    code = "session_taken"


class VoiceSessionsFull(Unavailable):
    pass


@dataclass(eq=False, slots=True)
class VoiceSession:
    """`transcript`: what the user said last. `playout`: none while nobody is connected."""

    id: UUID
    org_id: UUID
    user_id: str
    created_at: datetime
    last_activity: datetime
    transcript: str = ""
    turn_count: int = 0
    is_user_speaking: bool = False
    is_agent_speaking: bool = False
    is_taken: bool = False
    playout: Playout | None = None

    def note(self, event: SessionEvent) -> None:
        match event:
            case VoiceChanged():
                self.is_user_speaking = event.is_voice
            case StateChanged():
                self.is_agent_speaking = event.state == "speaking"
            case Said(line) if line.role == "user":
                self.transcript = line.text
                self.turn_count += 1
            case Withdrawn():
                self.turn_count -= 1
            case _:
                pass

    def interrupt(self) -> None:
        if self.playout:
            self.playout.refused()

    def release(self) -> None:
        self.is_taken = self.is_user_speaking = self.is_agent_speaking = False
        self.playout = None


class VoiceSessions:
    def __init__(
        self,
        database: Database,
        agents: Agents,
        prepare: PrepareCall,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._agents = agents
        self._prepare = prepare
        self._now = now
        self._sessions: dict[UUID, VoiceSession] = {}

    @property
    def connected(self) -> int:
        return sum(session.is_taken for session in self._sessions.values())

    def create(self, scope: OrgScope, user_id: str) -> VoiceSession:
        self._forget_old()
        own = [session for session in self._sessions.values() if session.org_id == scope.org_id]
        if len(own) >= MOST_SESSIONS:
            raise VoiceSessionsFull(
                f"{MOST_SESSIONS} voice sessions are kept, and no more can be; try again later"
            )
        at = self._now()
        session = VoiceSession(uuid4(), scope.org_id, user_id, at, at)
        self._sessions[session.id] = session
        return session

    def get(self, scope: OrgScope, session_id: UUID) -> VoiceSession:
        session = self._sessions.get(session_id)
        if session is None or session.org_id != scope.org_id or self._is_old(session):
            raise VoiceSessionNotFound("There is no such session")
        return session

    def touch(self, session: VoiceSession) -> None:
        session.last_activity = self._now()

    async def prepare(self, scope: OrgScope, session_id: UUID) -> tuple[VoiceSession, Prepared]:
        """A call with the newest agent of the organization. The session is taken until it is
        released."""
        session = self.get(scope, session_id)
        if session.is_taken:
            raise VoiceSessionTaken("Somebody is connected to this session")
        session.is_taken = True
        try:
            async with self._database.transaction(scope) as tx:
                agents = await self._agents.list(tx)
            if not agents:
                raise NotFound("There is no agent who could answer: make one first")
            call = await self._prepare(scope, agents[-1].id, None)
        except BaseException:
            session.release()
            raise
        self.touch(session)
        return session, call

    def _is_old(self, session: VoiceSession) -> bool:
        return not session.is_taken and self._now() - session.last_activity > KEPT

    def _forget_old(self) -> None:
        for session in [each for each in self._sessions.values() if self._is_old(each)]:
            del self._sessions[session.id]
