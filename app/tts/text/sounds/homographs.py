"""The part of speech of an English word, as far as the words around it show it."""

from collections.abc import Sequence
from enum import StrEnum

from app.tts.text.vocabulary import vocabulary

_BEFORE_VERBS = vocabulary(
    "to will would can could should must may might shall not don't didn't doesn't won't can't "
    "cannot couldn't wouldn't shouldn't i you we they let's please i'll you'll we'll they'll i'd "
    "we'd you'd they'd who didn't"
)
_BEFORE_NOUNS = vocabulary(
    "a an the this that these those my your his her our their its no some any of for in on with "
    "each every another in and's"
)
_HAVE = vocabulary("have has had i've we've you've they've having")
_BE = vocabulary("am is are was were be been being it's he's she's that's i'm you're we're they're")
_AFTER_ORDERS = vocabulary("the a an your my this that these it me us his her their our")
_THIRD = vocabulary("he she it")


class Part(StrEnum):
    """Names of misaki's dictionary; FIRST, LAST and BE say where the word stands."""

    VERB = "VERB"
    NOUN = "NOUN"
    VBD = "VBD"
    VBN = "VBN"
    VBP = "VBP"
    ADJ = "ADJ"
    DT = "DT"
    FIRST = "first"
    BE = "be"


def part_of_speech(words: Sequence[str], at: int) -> tuple[Part, ...]:
    """The likely ones, likeliest first."""
    before = words[at - 1].lower() if at else ""
    after = words[at + 1].lower() if at + 1 < len(words) else ""
    if not before or not before[-1].isalnum():
        return (Part.FIRST, Part.VERB) if after in _AFTER_ORDERS else (Part.FIRST, Part.DT)
    if before in _HAVE:
        return (Part.VBN, Part.VBD)
    if before in _BE:
        return (Part.BE, Part.VBN, Part.ADJ)
    if before in _BEFORE_VERBS:
        return (Part.VERB,)
    if before in _THIRD:
        return (Part.VBD, Part.VERB)
    return (Part.NOUN,) if before in _BEFORE_NOUNS else ()
