"""The summary of a call where the model is not well."""

import json
from pathlib import Path
from uuid import UUID

from app.calls.sessions.domain import SummaryState
from app.calls.sessions.store import CallRow
from app.calls.sessions.summaries import TRIED_FOR
from tests.fakes.openai_api import Reply, fault
from tests.fakes.vendor import said
from tests.integration.calls.desk import NUMBER, SUMMARY, Desk, desk

OVERLOADED = said(503, fault("Too many", "server_error"), **{"retry-after": "4"})


async def hangs_up(it: Desk) -> UUID:
    """After all of the opening: there is something to sum up."""
    call_id = await it.rings(await it.agent())
    async with it.calling(call_id) as (line, holding):
        await line.until("listening", times=2)
        line.typed(NUMBER)
        await holding
    return call_id


async def test_a_summary_waits_for_a_model_that_is_overloaded(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        it.parley.model.scripted = [OVERLOADED]
        it.parley.model.replies = [Reply(json.dumps(SUMMARY))]
        call = await it.summed_up(await hangs_up(it))
        assert call.summary_state is SummaryState.DONE, call.contents.summary_notes
        assert it.parley.model.scripted == []


async def test_a_summary_is_given_up_half_an_hour_after_its_call(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        it.parley.model.scripted = [OVERLOADED] * 100
        call_id = await hangs_up(it)
        async with it.runtime.database.transaction(it.scope) as tx:
            row = await tx.session.get_one(CallRow, call_id)
            assert row.ended_at
            row.ended_at -= TRIED_FOR
        call = await it.summed_up(call_id)
        assert call.summary_state is SummaryState.FAILED
        assert "takes no more for now" in call.contents.summary_notes[0]
