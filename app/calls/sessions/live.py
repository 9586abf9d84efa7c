"""A call under way in this process: what happened in it so far, and what ends it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec

from app.calls.agents.domain import Agent
from app.calls.sessions.domain import Call, CallState, Turn
from app.calls.sessions.recording import Recorder
from app.calls.sessions.transcript import Transcript
from app.core.feed.port import Feed, topic
from app.core.scope import OrgScope
from app.realtime.conversation import Act, EndCall, TransferCall
from app.realtime.events import Ended, SessionEvent
from app.realtime.line import Line
from app.realtime.session import Session

CALLS_FEED = "calls"


class CallNews(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For dashboards: what happens in a call as it happens."""

    event: Literal["call.started", "call.turn", "call.ended"]
    call_id: UUID
    agent_id: UUID
    status: str
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`disposition`: in the words of whoever ended the call."""

    state: CallState
    reason: str
    disposition: str = ""


@dataclass(slots=True)
class LiveCall:
    scope: OrgScope
    call: Call
    agent: Agent
    line: Line
    feed: Feed
    transcript: Transcript
    recorder: Recorder | None = None
    outcome: Outcome | None = None
    facts: Callable[[], Mapping[str, Any]] = dict
    written: int = 0
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    session: Session | None = None
    """While both sides speak."""
    _asked_to_end: str = ""
    _leaves_for: str = ""

    def tell(self, event: SessionEvent) -> None:
        """Never waits."""
        if turn := self.transcript.tell(event):
            self.announce("call.turn", turn)
        if isinstance(event, Ended):
            self.outcome = self._outcome(event)

    def announce(
        self, event: Literal["call.started", "call.turn", "call.ended"], turn: Turn | None = None
    ) -> None:
        news = CallNews(
            event=event,
            call_id=self.call.id,
            agent_id=self.agent.id,
            status=self.call.state.value,
            turn=turn,
        )
        self.feed.publish(topic(self.scope.org_id, CALLS_FEED), news)

    def unwritten(self, *, is_over: bool) -> Sequence[Turn]:
        """The last turn may still be withdrawn while the call goes on."""
        return self.transcript.turns[self.written : None if is_over else -1]

    def attend(self, session: Session) -> None:
        self.session = session

    def leave(self, reason: str) -> None:
        """Politely, where there is somebody to say goodbye to."""
        if self.session:
            self._leaves_for = reason
            self.session.leave(reason)

    async def end(self, reason: str) -> None:
        self._asked_to_end = self._asked_to_end or reason
        await self.line.close()

    def _outcome(self, ended: Ended) -> Outcome:
        reason, disposition = _reason(ended.reason, ended.act)
        if ended.act is None and self._asked_to_end:
            reason = self._asked_to_end
        elif self._leaves_for and ended.act == EndCall(self._leaves_for):
            reason, disposition = self._leaves_for, ""
        return Outcome(CallState.COMPLETED, reason, disposition)


def _reason(told: str, act: Act | None) -> tuple[str, str]:
    """A word of ours, and what was said about it: that may be anything."""
    match act:
        case EndCall("silence"):
            return "silence", ""
        case EndCall():
            return "agent_hung_up", act.reason
        case TransferCall():
            return "transferred", "transferred"
        case None:
            return told, ""
