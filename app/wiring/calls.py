"""What holds calls and keeps their records."""

import logging

import numpy as np

from app.asr.engines.recognizers import RECOGNIZERS
from app.asr.live import StreamOptions
from app.asr.recognition import SAMPLE_RATE
from app.calls.sessions.admission import CallAdmission
from app.calls.sessions.calls import CallDesk, Calls
from app.calls.sessions.casting import Casting
from app.calls.sessions.recordings import Recordings
from app.calls.sessions.records import CallRecords
from app.calls.sessions.summaries import Summaries
from app.calls.sessions.upkeep import CallUpkeep
from app.core.aio import LoopLag, Supervisor
from app.core.errors import AppError
from app.core.scope import system_scope
from app.core.settings import Settings
from app.inference.executor import Lane
from app.inference.starting import Starting
from app.llm.analysis.service import AnalysisService
from app.llm.service import LlmService
from app.wiring.base import Foundation
from app.wiring.calling import Calling
from app.wiring.senses import Inference

log = logging.getLogger(__name__)

FOLDER = "recordings"


async def opened_calls(
    base: Foundation,
    calling: Calling,
    casting: Casting,
    senses: Inference,
    thinking: LlmService,
    settings: Settings,
    supervisor: Supervisor,
) -> Calls:
    if settings.models.warm_up:
        senses.starting.wait_for(supervisor.spawn("hearing warm-up", _warm_up(senses)))
    lag = LoopLag(base.metrics)
    supervisor.spawn("loop lag", _measured(lag, senses.starting, supervisor))
    records = CallRecords(base.events, base.keys)
    recordings = Recordings(settings.storage.data_dir / FOLDER, base.keys)
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
        streams=senses.streams,
        admission=CallAdmission(senses.streams, calling.agents.voices.speaking, lag),
        quotas=base.quotas,
        usage=base.usage,
        feed=base.feed,
    )
    calls = Calls(desk)
    supervisor.keep_running("calls", calls.run)
    return calls


async def _warm_up(senses: Inference) -> None:
    """Recognizes silence and tags a word: the first caller waits for no file and no first run."""
    try:
        asked = senses.streams.asked(StreamOptions())
        model = asked.choice.model
        # In the lane that is refused where the memory for models has no room.
        async with senses.models.lease(model.weights, RECOGNIZERS[model.engine], Lane.BATCH):
            silence = np.zeros(SAMPLE_RATE, np.float32)
            await senses.streams.recognize(silence, asked, is_final=True)
            await senses.streams.tag_words(["Hello."], model.languages[0], asked)
    except AppError as error:
        log.warning("the first caller will be understood late: %s", error)


async def _measured(lag: LoopLag, starting: Starting, supervisor: Supervisor) -> None:
    await starting.over()
    supervisor.keep_running("loop lag", lag.run)
