"""Finds what was said in a transcript that is kept: by words or a phrase, with times and quotes."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.tool import ToolOutcome, as_result, cut

MOST_FOUND = 20
LONGEST_QUOTE = 500

SEARCH = ToolSpec(
    "search_transcript",
    "Finds what was said in a transcript. Gives the segments in their order, with who spoke, when, "
    "and the words themselves. match: all of the words in one segment, any of them, or the words "
    "as a phrase.",
    {
        "type": "object",
        "properties": {
            "transcript_id": {"type": "string", "maxLength": 64},
            "words": {"type": "string", "minLength": 1, "maxLength": 200},
            "match": {"enum": ["all", "any", "phrase"]},
        },
        "required": ["transcript_id", "words"],
        "additionalProperties": False,
    },
)


class Segment(msgspec.Struct, frozen=True):
    """`id` is its place in the transcript."""

    id: int
    speaker: str
    start_s: float
    end_s: float
    text: str


class Quote(msgspec.Struct, frozen=True):
    segment_id: int
    speaker: str
    start_s: float
    end_s: float
    quote: str


class Found(msgspec.Struct, frozen=True):
    """`total` may be more than are shown."""

    total: int
    segments: list[Quote]


Transcripts = Callable[[OrgScope, str], Awaitable[Sequence[Segment]]]
"""Those of one transcript of the organization. Raises an AppError where there is none."""


class TranscriptSearch:
    spec = SEARCH
    timeout_s = 10.0

    def __init__(self, transcripts: Transcripts) -> None:
        self._transcripts = transcripts

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        segments = await self._transcripts(scope, arguments["transcript_id"])
        match = arguments.get("match", "all")
        return as_result(await asyncio.to_thread(search, segments, arguments["words"], match))


def search(segments: Sequence[Segment], words: str, match: str) -> Found:
    wanted = _words(words)
    found = [each for each in segments if wanted and _matches(_words(each.text), wanted, match)]
    return Found(
        len(found),
        [
            Quote(
                each.id,
                each.speaker,
                round(each.start_s, 2),
                round(each.end_s, 2),
                cut(each.text, LONGEST_QUOTE),
            )
            for each in found[:MOST_FOUND]
        ],
    )


def _matches(said: Sequence[str], wanted: Sequence[str], match: str) -> bool:
    if match == "phrase":
        starts = range(len(said) - len(wanted) + 1)
        return any(said[at : at + len(wanted)] == wanted for at in starts)
    kinds = (word in said for word in wanted)
    return all(kinds) if match == "all" else any(kinds)


def _words(text: str) -> list[str]:
    """Without the marks around them, in whatever script."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in map(_bare, folded.split()) if word]


def _bare(word: str) -> str:
    begin, end = 0, len(word)
    while begin < end and unicodedata.category(word[begin])[0] in "PS":
        begin += 1
    while end > begin and unicodedata.category(word[end - 1])[0] in "PS":
        end -= 1
    return word[begin:end]
