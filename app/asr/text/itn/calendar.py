"""Rules for dates and years."""

from dataclasses import dataclass

from app.asr.text.folding import vocabulary
from app.asr.text.itn.phrase import Phrase
from app.asr.text.itn.tokens import Piece

_VERBS = frozenset(("may", "march"))
_SUBJECTS = vocabulary(
    "i you he she it we they one this that these those who which what there people and or"
)
_BEFORE_MONTH = vocabulary("in of since by until till from last this next every during")
_BEFORE_YEAR = vocabulary("in year circa since about")
_DECADES = {
    "twenties": "20s", "thirties": "30s", "forties": "40s", "fifties": "50s", "sixties": "60s",
    "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip
_NOUNS_OF_LENGTH = vocabulary(
    "timeout clip delay ad break commercial rule spot video window pause interval call span"
)


@dataclass(frozen=True, slots=True)
class _Day:
    value: int
    end: int
    is_ordinal: bool


def date(phrase: Phrase, at: int) -> list[Piece] | None:
    return _month_first(phrase, at) or _day_first(phrase, at)


def year(phrase: Phrase, at: int) -> list[Piece] | None:
    decade = _decade(phrase, at)
    if decade:
        return [decade]
    found = _paired_year(phrase, at)
    return [Piece(str(found[0]), at, found[1])] if found else None


def ordinal(phrase: Phrase, at: int) -> list[Piece] | None:
    found = read_ordinal(phrase, at)
    if found is None or found[0] < 10 or phrase.key(at - 1) in phrase.lexicon.below_hundred:
        return None
    value, end, suffix = found
    if phrase.key(at - 1) == "a" and phrase.key(end) == "of":  # a fraction
        return None
    if phrase.key(end - 1) == "second" and phrase.key(end) in _NOUNS_OF_LENGTH:
        return None
    return [Piece(f"{value}{suffix}", at, end, is_number=True)]


def read_ordinal(phrase: Phrase, at: int) -> tuple[int, int, str] | None:
    """Value, end and suffix."""
    lexicon = phrase.lexicon
    for suffix, written in lexicon.ordinal_suffixes.items():
        stem = phrase.key(at).removesuffix(suffix)
        value = 100 if stem in lexicon.hundreds else lexicon.below_hundred.get(stem)
        if value is not None and stem != phrase.key(at):
            return value, at + 1, written
    base, end = 0, at
    below = phrase.numbers.below_hundred(at)
    if below and phrase.key(below[1]) in lexicon.hundreds:
        base, end = 100 * below[0], below[1] + 1
        end += phrase.key(end) in lexicon.ands
    elif below and phrase.key(below[1]) in ("hundredth", "thousandth"):
        value = below[0] * lexicon.ordinals[phrase.key(below[1])]
        return value, below[1] + 1, "th"
    tens = lexicon.tens.get(phrase.key(end))
    if tens and 0 < lexicon.ordinals.get(phrase.key(end + 1), 0) < 10:
        base, end = base + tens, end + 1
    last = lexicon.ordinals.get(phrase.key(end))
    if last is None:
        return None
    return base + last, end + 1, _suffix(base + last)


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _month_first(phrase: Phrase, at: int) -> list[Piece] | None:
    month = phrase.lexicon.months.get(phrase.key(at))
    if month is None or (phrase.key(at) in _VERBS and phrase.key(at - 1) in _SUBJECTS):
        return None
    named = Piece(month, at, at + 1)
    start = at + 1
    the = start + (phrase.key(start) == "the")
    day = _day(phrase, the)
    whole = _year(phrase, start + (phrase.key(start) == "of"))
    if day and (day.is_ordinal or phrase.key(at) not in _VERBS):
        after = _year(phrase, day.end)
        if after:
            return [named, Piece(f"{day.value},", start, day.end), _piece(after, day.end)]
        if whole is None and _ends_day(phrase, day):
            return [named, Piece(str(day.value), start, day.end)]
    if whole and (phrase.key(at) not in _VERBS or phrase.key(at - 1) in _BEFORE_MONTH):
        return [named, _piece(whole, start)]
    return None


def _day_first(phrase: Phrase, at: int) -> list[Piece] | None:
    start = at + (phrase.key(at) == "the")
    day = _day(phrase, start)
    if day is None:
        return None
    month_at = day.end + (day.is_ordinal and phrase.key(day.end) == "of")
    month = phrase.lexicon.months.get(phrase.key(month_at))
    if month is None or (phrase.key(month_at) in _VERBS and not day.is_ordinal):
        return None
    if phrase.key(month_at) in _VERBS and month_at == day.end and not _year(phrase, month_at + 1):
        return None
    pieces = [Piece(str(day.value), at, month_at), Piece(month, month_at, month_at + 1)]
    end = month_at + 1
    whole = _year(phrase, end)
    return [*pieces, _piece(whole, end)] if whole else pieces


def _day(phrase: Phrase, at: int) -> _Day | None:
    found = read_ordinal(phrase, at)
    if found and not phrase.lexicon.ordinal_suffixes and 1 <= found[0] <= 31:
        return _Day(found[0], found[1], is_ordinal=True)
    number = phrase.numbers.below_hundred(at)
    if number and 1 <= number[0] <= 31:
        return _Day(number[0], number[1], is_ordinal=False)
    if len(phrase.key(at)) <= 2 and phrase.key(at).isdecimal() and 1 <= int(phrase.key(at)) <= 31:
        return _Day(int(phrase.key(at)), at + 1, is_ordinal=False)
    return None


def _ends_day(phrase: Phrase, day: _Day) -> bool:
    """January five percent, march ten thousand: no days."""
    lexicon = phrase.lexicon
    key = phrase.key(day.end)
    following = (lexicon.hundreds, lexicon.scales, lexicon.units, lexicon.percents, lexicon.points)
    is_more = any(key in words for words in (*following, lexicon.currencies, lexicon.time_units))
    return day.is_ordinal or not (is_more or key == "people")


def _year(phrase: Phrase, at: int) -> tuple[int, int] | None:
    """Value and end of a year that follows a month."""
    paired = _paired_year(phrase, at)
    if paired:
        return paired
    number = phrase.numbers.read(at)
    if number is None or number.scale or not 1000 <= number.value <= 2999:
        return None
    return int(number.value), number.end


def _paired_year(phrase: Phrase, at: int) -> tuple[int, int] | None:
    """Nineteen ninety nine, twenty twenty four, nineteen oh five."""
    century = phrase.numbers.below_hundred(at)
    earliest = 11 if phrase.key(at - 1) in _BEFORE_YEAR else 16
    if century is None or not earliest <= century[0] <= 20:
        return None
    if phrase.key(century[1]) in ("oh", "o"):
        digit = phrase.lexicon.digit_words.get(phrase.key(century[1] + 1))
        return (century[0] * 100 + int(digit), century[1] + 2) if digit else None
    rest = phrase.numbers.below_hundred(century[1])
    if rest is None or rest[0] < 10 or rest[0] == century[0] + 1:
        return None
    lexicon = phrase.lexicon
    after = phrase.key(rest[1])
    if after in lexicon.hundreds or after in lexicon.scales or after in lexicon.units:
        return None
    return century[0] * 100 + rest[0], rest[1]


def _decade(phrase: Phrase, at: int) -> Piece | None:
    century = phrase.numbers.below_hundred(at)
    if century is None or not 16 <= century[0] <= 20:
        return None
    decade = _DECADES.get(phrase.key(century[1]))
    return Piece(f"{century[0]}{decade}", at, century[1] + 1) if decade else None


def _piece(found: tuple[int, int], at: int) -> Piece:
    return Piece(str(found[0]), at, found[1])
