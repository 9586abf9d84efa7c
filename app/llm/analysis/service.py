"""The door to analysis: a conversation and what is wanted of it, to what can be said of it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from app.core.aio import TaskScope
from app.core.scope import OrgScope
from app.llm.analysis import debts, modest, sales, summary
from app.llm.analysis.asking import AnsweredBySmallModel, AnswerUnusable, Asker, Question
from app.llm.analysis.computed import compute
from app.llm.analysis.condensing import each_of, room_for_material, with_material
from app.llm.analysis.domain import Analysis, Conversation, Numbers, Preset
from app.llm.analysis.evidence import Witness
from app.llm.analysis.reading import Part, ends_of, parted, read
from app.llm.analysis.sales import SegmentBehavior
from app.llm.conversation import Thinker
from app.llm.quoting import Quotation

Told = tuple[str, dict[str, Any] | None]
"""The summary, and the analysis where the mode has one."""

SUMMARY_TOKENS = 2000
FINDINGS_TOKENS = 4000
CUSTOM_TOKENS = 3000
PROSE_TOKENS = 80
PROSE_MATERIAL_TOKENS = 900
"""As estimated, which is rather too many. With more before it the small model loses its thread."""
ANSWER_PART = 3
"""Of a small context no answer may take more than one in so many."""
SEGMENTS_AT_ONCE = 100
"""Whose behaviour one answer tells."""
BEHAVIORS_TOKENS = 40 * SEGMENTS_AT_ONCE

_WANTS_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_NOBODY_SPEAKS = "Nobody speaks in the recording."
_ONE_OBJECT = "Answer with one JSON object and nothing else."


class AnalysisService:
    def __init__(self, thinker: Thinker) -> None:
        self._thinker = thinker

    async def analyse(self, scope: OrgScope, conversation: Conversation, mode: str) -> Analysis:
        """`mode` is a preset, or else the prompt itself. Raises what `Thinker` does, and
        AnswerUnusable where the answer makes no sense after a second try."""
        numbers = await asyncio.to_thread(compute, conversation)
        if not conversation.utterances:
            return Analysis(_NOBODY_SPEAKS, None, numbers)
        asker = Asker(self._thinker, scope)
        at_work = _AtWork(asker, conversation, numbers)
        told = await at_work.tell(mode)
        model = ", then ".join(asker.answered_by)
        return Analysis(*told, numbers, model, asker.usage, tuple(at_work.notes()))


class _AtWork:
    """On one conversation."""

    def __init__(self, asker: Asker, conversation: Conversation, numbers: Numbers) -> None:
        self._asker = asker
        self._conversation = conversation
        self._numbers = numbers
        self._witness = Witness(conversation)
        self._quotation = Quotation()
        self._parts = 1
        self._is_modest = asker.is_small
        self._is_extract = False

    async def tell(self, mode: str) -> Told:
        presets: Mapping[Preset, tuple[Callable[[], Awaitable[Told]], Callable[[str], Told]]] = {
            "true": (self._summary, self._modest_summary),
            "sales_coaching": (self._sales, self._modest_sales),
            "collections": (self._debts, self._modest_debts),
        }
        if mode not in presets:
            return await self._custom(mode)
        judged, modestly = presets[mode]
        if not self._is_modest:
            try:
                return await judged()
            except AnsweredBySmallModel:
                self._is_modest = True
        return await asyncio.to_thread(modestly, await self._prose())

    def notes(self) -> list[str]:
        notes = list(self._asker.switches)
        if self._is_modest:
            notes.append(modest.UNRELIABLE)
        if self._is_extract:
            notes.append("Its sentence is on the beginning and the end of the conversation alone")
        if self._parts > 1:
            notes.append(f"The conversation was read in {self._parts} parts")
        if not all(self._conversation.speakers):
            notes.append("Who speaks is not known: the transcript was made without diarize")
        if self._witness.dropped:
            notes.append(
                f"{self._witness.dropped} citations of the model were dropped: "
                f"what they quote was not said where they say"
            )
        return notes

    async def _prose(self) -> str:
        """One sentence of the small model on as much as it can make sense of."""
        question = Question(modest.TASK, PROSE_TOKENS, system=modest.SYSTEM, temperature=0, lead="")
        room = min(PROSE_MATERIAL_TOKENS, room_for_material(self._asker, question))
        said = self._conversation.utterances
        shown, self._is_extract = await asyncio.to_thread(ends_of, said, room)
        material = self._quotation.enclose("transcript", read(shown))
        question = replace(question, material=material)
        try:
            return modest.believable(await self._asker.write(question))
        except AnswerUnusable:
            return modest.WORDLESS

    async def _summary(self) -> Told:
        question = await self._question(summary.TASK, SUMMARY_TOKENS, only_facts=True)
        found = await self._asker.fill(question, summary.SummaryFound)
        return summary.summarized(found, self._numbers, self._witness), None

    def _modest_summary(self, prose: str) -> Told:
        return modest.summarized(prose, self._numbers, self._conversation), None

    async def _sales(self) -> Told:
        question = await self._question(sales.TASK, FINDINGS_TOKENS, only_facts=True)
        async with TaskScope() as scope:
            labelling = scope.spawn("behaviors", self._behaviors())
            found = await self._asker.fill(question, sales.SalesFound)
        return found.summary, sales.coached(found, labelling.result(), self._witness)

    def _modest_sales(self, prose: str) -> Told:
        behaviors = self._heard_behaviors() or modest.behaviors(self._conversation)
        return prose, modest.coached(self._conversation, behaviors)

    async def _debts(self) -> Told:
        question = await self._question(debts.TASK, FINDINGS_TOKENS, only_facts=True)
        found = await self._asker.fill(question, debts.CollectionsFound)
        return found.summary, debts.checked(found, self._witness)

    def _modest_debts(self, prose: str) -> Told:
        return prose, modest.checked(self._conversation)

    async def _custom(self, wanted: str) -> Told:
        if not _WANTS_JSON.search(wanted):
            return await self._asker.write(await self._question(wanted, CUSTOM_TOKENS)), None
        question = await self._question(f"{wanted}\n\n{_ONE_OBJECT}", CUSTOM_TOKENS)
        return await self._asker.write_object(question)

    async def _question(self, task: str, most_tokens: int, *, only_facts: bool = False) -> Question:
        most_tokens = min(most_tokens, self._asker.context_tokens // ANSWER_PART)
        question = Question(task, most_tokens, only_facts=only_facts)
        question, self._parts = await with_material(
            question, self._conversation, self._asker, self._quotation
        )
        return question

    async def _behaviors(self) -> list[SegmentBehavior]:
        """As the recognizer heard them or, where it hears none, as the model reads them."""
        if heard := self._heard_behaviors():
            return heard
        labelling = Question(sales.BEHAVIORS_TASK, BEHAVIORS_TOKENS, only_facts=True)
        room = room_for_material(self._asker, labelling)
        utterances = self._conversation.utterances
        parts = await asyncio.to_thread(parted, utterances, room, SEGMENTS_AT_ONCE)

        async def label(part: Part) -> list[SegmentBehavior]:
            material = self._quotation.enclose("transcript", part.text)
            question = replace(labelling, material=material)
            found = await self._asker.fill(question, sales.BehaviorsFound)
            return self._labelled(found, part)

        return [each for some in await each_of(parts, label, self._asker) for each in some]

    def _labelled(self, found: sales.BehaviorsFound, part: Part) -> list[SegmentBehavior]:
        """Each segment of the part once; a label for any other is dropped."""
        labels = {each.segment: each.behavior for each in reversed(found.behaviors)}
        self._witness.dropped += len(labels.keys() - {each.id for each in part.utterances})
        return [
            SegmentBehavior(each.id, each.speaker or None, labels[each.id], "model")
            for each in part.utterances
            if each.id in labels
        ]

    def _heard_behaviors(self) -> list[SegmentBehavior]:
        return [
            SegmentBehavior(each.id, each.speaker or None, label, "recognizer")
            for each in self._conversation.utterances
            if (label := each.labels.get("behavior"))
        ]
