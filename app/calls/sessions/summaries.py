"""What a call was about, said by a language model when it is over. No call waits for it."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.asr.tags.mean import is_certain
from app.calls.sessions.domain import CallContents, CallNotFound, SummaryState, Turn
from app.calls.sessions.records import CallRecords
from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.errors import AppError
from app.core.jobs import SLOW, JobKind, Jobs
from app.core.scope import OrgScope, Scope
from app.llm.analysis.asking import AnswerUnusable
from app.llm.analysis.domain import Analysis, Conversation, Utterance
from app.llm.analysis.service import AnalysisService
from app.llm.retries import is_passing

log = logging.getLogger(__name__)

PRESET = "true"


class SummarizeCall(msgspec.Struct, frozen=True):
    call_id: UUID


SUMMARIZE = JobKind("calls.summarize", SummarizeCall, max_attempts=12, queue=SLOW)
TRIED_FOR = timedelta(minutes=30)
"""Since the call was over: a model that is not well may be well again."""


class Summaries:
    def __init__(
        self, database: Database, jobs: Jobs, records: CallRecords, analysis: AnalysisService
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._records = records
        self._analysis = analysis
        jobs.register(SUMMARIZE, self._summarize)

    async def soon(self, tx: Tx, call_id: UUID) -> None:
        await self._records.note_summary(tx, call_id, SummaryState.WAITING)
        await self._jobs.enqueue(tx, SUMMARIZE, SummarizeCall(call_id), key=str(call_id))

    async def _summarize(self, scope: Scope, asked: SummarizeCall) -> None:
        """What goes wrong for good is said in the record, and no more is made of it."""
        assert isinstance(scope, OrgScope)
        try:
            await self._sum_up(scope, asked.call_id)
        except CallNotFound:
            log.info("a call was deleted before it was summed up")

    async def _sum_up(self, scope: OrgScope, call_id: UUID) -> None:
        async with self._database.transaction(scope) as tx:
            call = await self._records.get(tx, call_id)
            turns = await self._records.turns(tx, call_id)
        if call.summary_state is not SummaryState.WAITING:
            return
        try:
            found = await self._analysis.analyse(scope, _conversation(turns), PRESET)
        except AppError as error:
            assert call.ended_at, "it is summed up when it is over"
            if _may_pass(error) and utc_now() - call.ended_at < TRIED_FOR:
                raise
            log.info("a call has no summary: %s", error.code)
            await self._note(scope, call_id, SummaryState.FAILED, error.message)
        else:
            await self._note(scope, call_id, SummaryState.DONE, found)

    async def _note(
        self, scope: OrgScope, call_id: UUID, state: SummaryState, told: Analysis | str
    ) -> None:
        def written(contents: CallContents) -> CallContents:
            if isinstance(told, str):
                return replace(contents, summary_notes=(f"No summary: {told}",))
            return replace(
                contents,
                summary=told.summary,
                analysis=told.analysis,
                computed=msgspec.to_builtins(told.computed),
                summary_notes=told.notes,
            )

        async with self._database.transaction(scope) as tx:
            await self._records.write(tx, call_id, written)
            await self._records.note_summary(tx, call_id, state)


def _may_pass(error: AppError) -> bool:
    """A model that makes no sense was asked twice already."""
    return is_passing(error) and not isinstance(error, AnswerUnusable)


def _conversation(turns: Sequence[Turn]) -> Conversation:
    spoken = (
        Utterance(
            id=number,
            start_s=turn.at_s,
            end_s=turn.ended_s,
            text=turn.text,
            speaker="caller" if turn.role == "user" else turn.role,
            labels={
                name: str(said)
                for part in turn.segments
                for name, said in part.metadata.items()
                if is_certain(str(said))
            },
        )
        for number, turn in enumerate(turns)
        if turn.text.strip()
    )
    return Conversation(tuple(spoken), max((turn.ended_s for turn in turns), default=0.0))
