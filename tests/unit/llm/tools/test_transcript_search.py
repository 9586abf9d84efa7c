"""Finding what was said."""

import json
from collections.abc import Sequence
from uuid import uuid4

import pytest

from app.core.errors import NotFound
from app.core.scope import OrgScope
from app.llm.tools.toolbox import Toolbox
from app.llm.tools.transcript_search import Found, Segment, TranscriptSearch, search

SCOPE = OrgScope(uuid4(), "test")
CALL = (
    Segment(1, "Agent", 0.0, 2.5, "Your payment of 4,500 rupees is due."),
    Segment(2, "Customer", 2.5, 4.123, "I can't pay before Friday!"),
    Segment(3, "Agent", 4.2, 6.0, "Then the due payment waits until Friday."),
    Segment(4, "Customer", 6.0, 7.0, "हिन्दी में बात कीजिए।"),
)


def ids(found: Found) -> list[int]:
    return [each.segment_id for each in found.segments]


@pytest.mark.parametrize(
    ("words", "match", "segments"),
    [
        ("FRIDAY", "all", [2, 3]),
        ("payment due", "all", [1, 3]),
        ("due payment", "phrase", [3]),
        ("payment due", "phrase", []),
        ("rupees Friday", "any", [1, 2, 3]),
        ("rupees Friday", "all", []),
        ("can't", "all", [2]),
        ("pay", "all", [2]),
        ("हिन्दी", "all", [4]),
        ("कीजिए", "all", [4]),
        ("...", "all", []),
        (".*", "any", []),
    ],
)
def test_it_finds_words_and_phrases(words: str, match: str, segments: list[int]) -> None:
    assert ids(search(CALL, words, match)) == segments


async def test_a_model_gets_ids_times_and_the_words_themselves() -> None:
    async def transcripts(scope: OrgScope, transcript_id: str) -> Sequence[Segment]:
        assert scope == SCOPE
        if transcript_id != "call-1":
            raise NotFound("Job not found")
        return CALL

    toolbox = Toolbox([TranscriptSearch(transcripts)])
    asked = {"transcript_id": "call-1", "words": "friday", "match": "any"}
    outcome = await toolbox.call(SCOPE, "search_transcript", asked)
    assert json.loads(outcome.text) == {
        "total": 2,
        "segments": [
            {
                "segment_id": 2,
                "speaker": "Customer",
                "start_s": 2.5,
                "end_s": 4.12,
                "quote": "I can't pay before Friday!",
            },
            {
                "segment_id": 3,
                "speaker": "Agent",
                "start_s": 4.2,
                "end_s": 6.0,
                "quote": "Then the due payment waits until Friday.",
            },
        ],
    }
    missing = await toolbox.call(SCOPE, "search_transcript", asked | {"transcript_id": "call-2"})
    assert (missing.text, missing.is_error) == ("Job not found", True)


def test_of_many_only_the_first_are_shown() -> None:
    many = [Segment(each, "A", each, each + 1, "yes " * 1000) for each in range(50)]
    found = search(many, "yes", "all")
    assert (found.total, len(found.segments)) == (50, 20)
    assert len(found.segments[0].quote) < 600
