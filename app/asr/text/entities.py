"""Entities that have a shape: numbers with a meaning, addresses, dates. Names need a model.

They are looked for in the written form: give words that went through normalization.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.asr.text.folding import key, vocabulary
from app.asr.text.words import Word

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|जनवरी|फ़रवरी|फरवरी|मार्च|"
    r"अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|सितम्बर|अक्टूबर|अक्तूबर|नवंबर|नवम्बर|दिसंबर|दिसम्बर)"
)
_SCALE = r"(?: (?:thousand|million|billion|trillion|lakhs?|crores?|हज़ार|हजार|लाख|करोड़|अरब))?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:1[0-9]|20)\d{2}"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"

_AMOUNT = rf"\d[\d,]*(?:\.\d+)?{_SCALE}"
_TOP_LEVEL = r"(?:com|org|net|in|io|co|uk|edu|gov|dev|ai|app|info)"
_EMAIL = rf"[a-z0-9._%+-]{{1,64}}@(?:{_LABEL}\.){{1,8}}[a-z]{{2,24}}"
_URL = (
    r"https?://[^\s<>\"]{1,500}"
    rf"|(?:{_LABEL}\.){{1,8}}(?-i:{_TOP_LEVEL})(?:/[\w./?=&%-]{{1,200}})?(?!\w)"
)
_MONEY = (
    rf"[$€£₹¥] ?{_AMOUNT}|(?:rs\.?|inr|usd) ?{_AMOUNT}"
    rf"|{_AMOUNT} (?:dollars?|euros?|rupees?|रुपये|रुपए)"
)
_DATE = (
    rf"{_MONTHS}\.? {_DAY}(?:,? {_YEAR})?(?![\d:])|{_DAY}(?: of)? {_MONTHS}(?:,? {_YEAR})?"
    rf"|{_MONTHS} {_YEAR}|\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d{{2}})|\d{{4}}-\d{{2}}-\d{{2}}"
    rf"|(?:next |last |this )?{_WEEKDAY}|today|tomorrow|yesterday"
)
_TIME = (
    r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?(?: बजे)?|\d{1,2} ?[ap]\.?m\b\.?"
    r"|\d{1,2} o'clock|\d{1,2} बजे|noon|midnight"
)
_PHONE = r"\+\d[\d ()-]{8,18}\d|\(\d{3}\) ?\d{3}[ -]?\d{4}|\d{3}[ -]\d{3}[ -]\d{4}|\d{10}"

# In this order: what an earlier one took, a later one leaves.
_SHAPES = (
    ("EMAIL", _EMAIL),
    ("URL", _URL),
    ("MONEY", _MONEY),
    ("PERCENT", r"-?\d[\d,]*(?:\.\d+)? ?%"),
    ("DATE", _DATE),
    ("TIME", _TIME),
    ("PHONE", _PHONE),
)
_PATTERNS = tuple(
    (kind, re.compile(rf"(?<![\w@.])(?:{shape})(?![\w@])", re.IGNORECASE))
    for kind, shape in _SHAPES
)
_MARKED = re.compile(r"(?<!\w)(?=[A-Za-z0-9-]{3,24}(?!\w))[A-Za-z-]{0,10}\d[A-Za-z0-9-]*")
_PHONE_CUES = vocabulary("phone mobile number call contact whatsapp cell फोन मोबाइल नंबर नम्बर कॉल")
_ID_CUES = vocabulary(
    "account order ticket pin otp code id reference policy loan card flight invoice booking case "
    "passcode zip pnr token ओटीपी खाता पिन कोड अकाउंट"
)
_NUMBER_WORDS = vocabulary("number no नंबर नम्बर")
_CUE_WORDS = 5
_PHONE_DIGITS = range(7, 16)


@dataclass(frozen=True, slots=True)
class Entity:
    """`value` as written, `raw` as it was said; words `first` to `end` hold it."""

    type: str
    value: str
    raw: str
    first: int
    end: int
    start_s: float
    end_s: float


def find_entities(words: Sequence[Word]) -> list[Entity]:
    """In the order of the words; none overlaps another."""
    text = " ".join(word.text for word in words)
    owners = [index for index, word in enumerate(words) for _ in range(len(word.text) + 1)]
    taken: list[tuple[int, int]] = []
    found: list[Entity] = []
    for kind, start, end in _shapes(text, words, owners):
        first, last = owners[start], owners[end - 1]
        if any(first <= other_last and other_first <= last for other_first, other_last in taken):
            continue
        taken.append((first, last))
        found.append(_entity(kind, text[start:end].rstrip(" .,"), words, first, last + 1))
    return sorted(found, key=lambda entity: entity.first)


def _entity(kind: str, value: str, words: Sequence[Word], first: int, end: int) -> Entity:
    held = words[first:end]
    raw = " ".join(word.raw for word in held).strip(" .,?!;:।")
    return Entity(kind, value, raw, first, end, held[0].start_s, held[-1].end_s)


def _shapes(
    text: str, words: Sequence[Word], owners: Sequence[int]
) -> Iterator[tuple[str, int, int]]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match.start(), match.end()
    keys = [key(word.text) for word in words]
    for match in _MARKED.finditer(text):
        kind = _kind_by_cue(match.group(), keys, owners[match.start()])
        if kind:
            yield kind, match.start(), match.end()


def _kind_by_cue(value: str, keys: Sequence[str], at: int) -> str | None:
    """What a bare run of digits is, the nearest word before it tells: account *number* is one."""
    digits = sum(char.isdigit() for char in value)
    is_all_digits = digits == len(value.replace("-", ""))
    for place in range(at - 1, max(-1, at - _CUE_WORDS - 1), -1):
        is_number = keys[place] in _NUMBER_WORDS
        cue = (
            keys[place - 1] if is_number and place and keys[place - 1] in _ID_CUES else keys[place]
        )
        if cue in _ID_CUES and digits >= 3:
            return "ID"
        if cue in _PHONE_CUES and is_all_digits and digits in _PHONE_DIGITS:
            return "PHONE"
    return None
