"""What models may call."""

from collections.abc import Sequence
from uuid import UUID

from app.asr.job import JobNotFound
from app.asr.jobs import TranscriptionJobs
from app.core.scope import OrgScope
from app.llm.tools.built_in import built_in_tools
from app.llm.tools.catalogue import ToolCatalogue
from app.llm.tools.opening import ToolOpening
from app.llm.tools.transcript_search import Segment, TranscriptSearch
from app.wiring.base import Foundation


def tool_catalogue(base: Foundation, jobs: TranscriptionJobs) -> ToolCatalogue:
    async def segments(scope: OrgScope, transcript_id: str) -> Sequence[Segment]:
        async with base.database.transaction(scope) as tx:
            heard = (await jobs.get(tx, _job_id(transcript_id))).transcript
        if heard is None:
            raise JobNotFound("There is no transcript of this job, or not yet")
        return [
            Segment(place, each.speaker or "", each.start_s, each.end_s, each.text)
            for place, each in enumerate(heard.segments)
        ]

    return ToolCatalogue(
        base.database,
        base.events,
        base.tool_secrets,
        base.outbound_rules,
        ToolOpening(base.outbound),
        [*built_in_tools(), TranscriptSearch(segments)],
    )


def _job_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise JobNotFound("transcript_id: it is the id of a transcription job") from None
