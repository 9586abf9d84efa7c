"""What may be asked of a conversation while it goes on. Pure."""

from dataclasses import dataclass

from app.core.errors import InvalidInput, NotFound

SHORTEST_TRANSCRIPT = 5
"""Characters: there is nothing to be said of less."""


class HelperNotFound(NotFound):
    pass


class TranscriptTooShort(InvalidInput):
    code = "transcript_too_short"


@dataclass(frozen=True, slots=True)
class Helper:
    id: str
    name: str
    description: str
    task: str


HELPERS = {
    helper.id: helper
    for helper in (
        Helper(
            "coach",
            "Coach",
            "Says what the person who is being helped could do better, and say next.",
            "The material is a conversation that is going on. Tell the person who leads it, in at "
            "most three short points, what goes well, what to do better and what to say next. "
            "Judge only what was said.",
        ),
        Helper(
            "notes",
            "Notes",
            "Keeps short notes of what was said and agreed.",
            "The material is a conversation that is going on. Write short notes of what was said: "
            "the subject, what was decided, who will do what and by when. Leave out what was not "
            "said.",
        ),
        Helper(
            "questions",
            "Questions",
            "Names what has not been asked or answered yet.",
            "The material is a conversation that is going on. Name at most three questions that "
            "were left open or should be asked next, and say in a few words why.",
        ),
    )
}
FIRST = "coach"


def find_helper(helper_id: str) -> Helper:
    helper = HELPERS.get(helper_id)
    if helper is None:
        raise HelperNotFound(f"agent: there is none of that name; there are {', '.join(HELPERS)}")
    return helper


def check_transcript(transcript: str) -> None:
    if len(transcript.strip()) < SHORTEST_TRANSCRIPT:
        raise TranscriptTooShort("Transcript too short", field="transcript")
