"""What holds calls and keeps their records."""

from pathlib import Path

from app.asr.streaming import StreamService
from app.calls.sessions.admission import CallAdmission
from app.calls.sessions.calls import CallDesk, Calls
from app.calls.sessions.casting import Casting
from app.calls.sessions.recordings import Recordings
from app.calls.sessions.records import CallRecords
from app.calls.sessions.summaries import Summaries
from app.calls.sessions.upkeep import CallUpkeep
from app.core.aio import LoopLag, Supervisor
from app.core.scope import system_scope
from app.llm.analysis.service import AnalysisService
from app.llm.service import LlmService
from app.wiring.base import Foundation
from app.wiring.calling import Calling

FOLDER = "recordings"


async def opened_calls(
    base: Foundation,
    calling: Calling,
    casting: Casting,
    streams: StreamService,
    thinking: LlmService,
    data_dir: Path,
    supervisor: Supervisor,
) -> Calls:
    lag = LoopLag(base.metrics)
    supervisor.keep_running("loop lag", lag.run)
    records = CallRecords(base.events, base.keys)
    recordings = Recordings(data_dir / FOLDER, base.keys)
    upkeep = CallUpkeep(base.database, base.jobs, records, recordings)
    async with base.database.transaction(system_scope("start")) as tx:
        await upkeep.tend_soon(tx)
    desk = CallDesk(
        database=base.database,
        records=records,
        recordings=recordings,
        summaries=Summaries(base.database, base.jobs, records, AnalysisService(thinking)),
        agents=calling.agents,
        customers=calling.customers,
        casting=casting,
        streams=streams,
        admission=CallAdmission(streams, calling.agents.voices.speaking, lag),
        quotas=base.quotas,
        usage=base.usage,
        feed=base.feed,
    )
    calls = Calls(desk)
    supervisor.keep_running("calls", calls.run)
    return calls
