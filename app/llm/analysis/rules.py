"""What can be told of an English call by the phrases in it, where no model is there to judge. Pure.

A phrase that is found is evidence. That none is found tells nothing, save where a rule says so.
"""

import re
from collections.abc import Sequence

from app.llm.analysis.domain import Conversation, Utterance
from app.llm.analysis.evidence import Evidence, evidence_of
from app.llm.analysis.sales import Behavior

LANGUAGE = "en"
MOST_EVIDENCE = 5
FIRST, LAST = 6, 6
"""Segments at the ends of a call that may greet and close it."""

GREETING = re.compile(
    r"\b(?:hello|hi there|hi|good (?:morning|afternoon|evening)|thank(?:s| you) for calling|"
    r"my name is|how are you(?: doing)?(?: today)?|how (?:can|may) i help you)\b",
    re.IGNORECASE,
)
DISCOVERY = re.compile(
    r"\b(?:what|which|how|why|when|where|who|tell me (?:about|more)|could you (?:describe|explain|"
    r"tell)|can you (?:describe|explain|tell))\b[^.?!]*\?|\btell me (?:about|more)\b",
    re.IGNORECASE,
)
NEXT_STEPS = re.compile(
    r"\b(?:next steps?|follow(?:ing)? up|(?:i|we)(?:'| wi)ll (?:send|call|email|get back|schedule|"
    r"set up)(?: you)?|(?:schedule|set up|book) (?:a|another|the) (?:call|meeting|demo)|"
    r"call you back|talk (?:to you )?(?:again )?(?:next|tomorrow|on))\b",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"\b(?:good ?bye|bye(?:[- ]bye)?|have a (?:good|great|nice|wonderful) (?:day|one|evening|"
    r"weekend)|thank(?:s| you) for your time|take care|talk to you (?:soon|later))\b",
    re.IGNORECASE,
)
IDENTITY = re.compile(
    r"\b(?:am i (?:speaking|talking) (?:with|to)|is this (?:mr|mrs|ms|miss)\b|date of birth|"
    r"(?:verify|confirm) (?:your|that i)|last four (?:digits|of)|for (?:security|verification)|"
    r"your (?:full name|home address|zip ?code|postal code|social security))\b",
    re.IGNORECASE,
)
REASON = re.compile(
    r"\b(?:(?:i am|i'm|we are|we're) (?:calling|reaching out|contacting you) (?:you )?"
    r"(?:about|regarding|because|to|concerning|in regards?)|the reason (?:for (?:my|this|the) call|"
    r"(?:i am|i'm) calling)|this (?:call )?is (?:an attempt to collect|regarding|about your))\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(
    r"(?:[$€£₹¥] ?\d(?:[\d,.]*\d)?|"
    r"\b\d[\d,.]* ?(?:dollars?|euros?|pounds?|rupees?|cents?)\b|"
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|[a-z]+ty|"
    r"hundred|thousand|million|lakh|crore)(?:[ -](?:and |[a-z]+ty|[a-z]+teen|hundred|thousand|"
    r"one|two|three|four|five|six|seven|eight|nine|lakh|crore))* "
    r"(?:dollars?|euros?|pounds?|rupees?|bucks)\b)",
    re.IGNORECASE,
)
THREAT = re.compile(
    r"\b(?:arrest(?:ed)?|jail|prison|police|sue you|take you to court|garnish|warrant|"
    r"shame on you|liar|deadbeat|stupid|idiot|shut up|tell your (?:boss|employer|family|"
    r"neighbou?rs))\b",
    re.IGNORECASE,
)

_BEHAVIORS: tuple[tuple[Behavior, re.Pattern[str]], ...] = (
    ("discovery_question", DISCOVERY),
    ("question", re.compile(r"\?")),
    ("next_steps", NEXT_STEPS),
)


def is_known(conversation: Conversation) -> bool:
    """Whether the rules know the language of the conversation."""
    return all(each.language in ("", LANGUAGE) for each in conversation.utterances)


def find(pattern: re.Pattern[str], utterances: Sequence[Utterance]) -> list[Evidence]:
    """The first places of it, one in each segment."""
    matches = ((each, pattern.search(each.text)) for each in utterances)
    found = [evidence_of(each, match.group()) for each, match in matches if match]
    return found[:MOST_EVIDENCE]


def amounts(conversation: Conversation) -> list[Evidence]:
    """Those that the recognizer wrote as such, and those that are said in words."""
    found = [
        evidence_of(each, mention.value)
        for each in conversation.utterances
        for mention in each.mentions
        if mention.type == "MONEY"
    ]
    known = {each.segment for each in found}
    spoken = (each for each in conversation.utterances if each.id not in known)
    return sorted([*found, *find(AMOUNT, [*spoken])], key=lambda each: each.segment)[:MOST_EVIDENCE]


def behavior_of(utterance: Utterance, place: int, count: int) -> Behavior | None:
    if place < FIRST and GREETING.search(utterance.text):
        return "greeting"
    if place >= count - LAST and CLOSING.search(utterance.text):
        return "closing"
    return next((name for name, shape in _BEHAVIORS if shape.search(utterance.text)), None)
