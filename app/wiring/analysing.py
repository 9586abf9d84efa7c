"""Transcripts as the conversations that are analysed, and what is said of them."""

from dataclasses import dataclass

import msgspec

from app.asr.conversation import ConversationTold
from app.asr.domain import Segment, Transcript
from app.asr.tags.mean import is_certain, labels_of
from app.core.scope import OrgScope
from app.llm.analysis.domain import Conversation, Mention, Utterance
from app.llm.analysis.service import AnalysisService


@dataclass(frozen=True, slots=True)
class TranscriptAnalyst:
    """An `Analyst` of hearing's."""

    analysis: AnalysisService

    async def tell(self, scope: OrgScope, transcript: Transcript, mode: str) -> ConversationTold:
        found = await self.analysis.analyse(scope, conversation_of(transcript), mode)
        return ConversationTold(
            summary=found.summary,
            analysis=found.analysis,
            computed=msgspec.to_builtins(found.computed),
            model=found.model,
            tokens=found.usage.input_tokens + found.usage.output_tokens,
            notes=found.notes,
        )


def conversation_of(transcript: Transcript) -> Conversation:
    """Segments go by their places in the transcript."""
    spoken = (_utterance(place, each) for place, each in enumerate(transcript.segments))
    return Conversation(tuple(each for each in spoken if each.text.strip()), transcript.duration_s)


def _utterance(place: int, segment: Segment) -> Utterance:
    return Utterance(
        id=place,
        start_s=segment.start_s,
        end_s=segment.end_s,
        text=segment.text,
        speaker=segment.speaker or "",
        language=segment.language,
        labels={
            category: label
            for category, label in labels_of(segment.tags).items()
            if is_certain(label)
        },
        mentions=tuple(Mention(each.type, each.value) for each in segment.entities),
    )
