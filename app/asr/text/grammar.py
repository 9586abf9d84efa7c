"""Cues of English grammar slips that words alone betray. No parser: what is counted is listed."""

import re
from collections.abc import Callable, Sequence

from app.asr.text.folding import vocabulary

_WORDS = re.compile(r"[a-z']+")
_THIRD = frozenset(("he", "she", "it"))
_PLURAL = frozenset(("we", "you", "they"))
_BASE_FOR_THIRD = vocabulary(
    "go do have want need like know think say make take get come work live play look seem feel "
    "don't haven't"
)
_BEFORE_SUBJECT = vocabulary(
    "did does do will would can could should shall may might must let make made makes help helped "
    "see saw watch hear heard have had that if lest suggest recommend insist with of for and to "
    "like than as but or was were is are cannot not if though need ask where why how what"
)
_PAST_ONLY = vocabulary("went saw did came ate gave wrote took knew drove spoke began drank")
_PARTICIPLE_ONLY = vocabulary("gone seen done eaten given written taken known spoken begun")
_COMPARATIVES = vocabulary(
    "better worse bigger smaller faster easier cheaper taller larger stronger happier older"
)
_NEGATIONS = vocabulary("don't doesn't didn't can't won't isn't aren't wasn't never ain't")
_NOTHINGS = vocabulary("nothing nobody nowhere none")
_UNCOUNTED = vocabulary(
    "informations advices furnitures equipments luggages homeworks feedbacks softwares"
)
_PLURAL_NOUNS = vocabulary("people men women children things persons books friends")
_VOWEL_SOUND = ("hour", "honest", "honor", "honour", "heir")
_CONSONANT_SOUND = ("uni", "use", "usu", "eu", "one", "once", "ut", "ur", "ubiq")
_MAY_DOUBLE = vocabulary(
    "had that is no yes very really so bye ha ok okay well hello hey go it you there now again "
    "many much zero one two three four five six seven eight nine"
)

_Check = Callable[[Sequence[str], int], bool]


def count_slips(text: str) -> int:
    words = _WORDS.findall(text.lower().replace("\u2019", "'"))
    return sum(check(words, at) for at in range(len(words)) for check in _CHECKS)


def _disagrees(words: Sequence[str], at: int) -> bool:
    """He go, they was, I is."""
    subject, verb = words[at], _at(words, at + 1)
    if at and words[at - 1] in _BEFORE_SUBJECT:
        return False
    if subject in _THIRD:
        return verb in _BASE_FOR_THIRD or verb in ("are", "were", "am")
    if subject in _PLURAL:
        return verb in ("is", "was", "has", "does", "doesn't", "am")
    return subject == "i" and verb in ("is", "are", "has", "does", "were", "doesn't")


def _wrong_article(words: Sequence[str], at: int) -> bool:
    noun = _at(words, at + 1)
    if len(noun) < 3 or noun in ("and", "are") or words[at] not in ("a", "an"):
        return False
    has_vowel = noun.startswith(_VOWEL_SOUND) or (
        noun[0] in "aeiou" and not noun.startswith(_CONSONANT_SOUND)
    )
    # Un- may sound either way: under, unit.
    if noun.startswith("un"):
        return words[at] == "a" and not noun.startswith("uni")
    return (words[at] == "an") is not has_vowel


def _wrong_verb_form(words: Sequence[str], at: int) -> bool:
    """Did went, have went, I seen."""
    verb = _at(words, at + 1)
    if words[at] in ("did", "didn't", "to") and verb in _PAST_ONLY - {"did"}:
        return True
    if words[at] in ("have", "has", "had") and verb in _PAST_ONLY - {"did"}:
        return True
    return words[at] in ("i", "we", "they", "he", "she") and verb in _PARTICIPLE_ONLY


def _double_comparative(words: Sequence[str], at: int) -> bool:
    return words[at] == "more" and _at(words, at + 1) in _COMPARATIVES


def _double_negative(words: Sequence[str], at: int) -> bool:
    return words[at] in _NEGATIONS and not _NOTHINGS.isdisjoint(words[at + 1 : at + 4])


def _modal_of(words: Sequence[str], at: int) -> bool:
    is_modal = words[at] in ("could", "should", "would", "must", "might")
    return (
        is_modal
        and _at(words, at + 1) == "of"
        and _at(words, at + 2) not in ("course", "necessity")
    )


def _wrong_number(words: Sequence[str], at: int) -> bool:
    """Much people, informations, this things."""
    if words[at] in _UNCOUNTED:
        return True
    return words[at] in ("much", "this", "that", "a") and _at(words, at + 1) in _PLURAL_NOUNS


def _doubled(words: Sequence[str], at: int) -> bool:
    return words[at] == _at(words, at + 1) and words[at] not in _MAY_DOUBLE


def _at(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


_CHECKS: tuple[_Check, ...] = (
    _disagrees,
    _wrong_article,
    _wrong_verb_form,
    _double_comparative,
    _double_negative,
    _modal_of,
    _wrong_number,
    _doubled,
)
