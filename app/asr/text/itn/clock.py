"""Rules for times of day."""

from decimal import Decimal

from app.asr.text.folding import vocabulary
from app.asr.text.itn.phrase import Phrase
from app.asr.text.itn.tokens import Piece

_BEFORE_TIME = vocabulary("at by around about until till before after from since past")
_OCLOCK = frozenset(("o'clock", "oclock"))
_BAJE = frozenset(("बजे", "baje"))
_BAJKAR = frozenset(("बजकर", "बजके", "bajkar"))
_MINUTES = frozenset(("minute", "minutes", "मिनट"))
_QUARTERS = {"half": 30, "quarter": 15}
_ROUND_MINUTES = frozenset((5, 10, 20, 25))
_HALF_DAY = {"am": "AM", "pm": "PM"}


def time(phrase: Phrase, at: int) -> list[Piece] | None:
    return (
        _with_half_day(phrase, at)
        or _baje(phrase, at)
        or _oclock(phrase, at)
        or _relative(phrase, at)
        or _military(phrase, at)
        or _after_preposition(phrase, at)
    )


def _with_half_day(phrase: Phrase, at: int) -> list[Piece] | None:
    """Five pm, five thirty p m, 5:30 p.m."""
    clock = _clock(phrase, at) or _literal(phrase, at)
    if clock is None:
        return None
    text, end = clock
    half = _HALF_DAY.get(phrase.key(end))
    after = end + 1
    if half is None and phrase.key(end) in ("a", "p") and phrase.key(end + 1) == "m":
        half, after = _HALF_DAY[phrase.key(end) + "m"], end + 2
    if half is None or (half == "AM" and phrase.key(end) == "am" and phrase.key(at - 1) == "i"):
        return None
    return [Piece(text, at, end), Piece(half, end, after)]


def _clock(phrase: Phrase, at: int) -> tuple[str, int] | None:
    """Hour, and minutes if they follow."""
    hour = phrase.numbers.below_hundred(at)
    if hour is None or not 1 <= hour[0] <= 12:
        return None
    minute = _minute(phrase, hour[1])
    return (f"{hour[0]}:{minute[0]:02d}", minute[1]) if minute else (str(hour[0]), hour[1])


def _minute(phrase: Phrase, at: int) -> tuple[int, int] | None:
    if phrase.key(at) in ("oh", "o", "zero"):
        digit = phrase.lexicon.digit_words.get(phrase.key(at + 1))
        return (int(digit), at + 2) if digit else None
    minute = phrase.numbers.below_hundred(at)
    return minute if minute and 10 <= minute[0] <= 59 else None


def _literal(phrase: Phrase, at: int) -> tuple[str, int] | None:
    hour, _, minute = phrase.key(at).partition(":")
    is_hour = len(hour) <= 2 and hour.isdecimal() and int(hour) <= 12
    is_clock = is_hour and (not minute or minute.isdecimal())
    return (phrase.key(at), at + 1) if is_clock else None


def _oclock(phrase: Phrase, at: int) -> list[Piece] | None:
    hour = phrase.numbers.below_hundred(at)
    if hour is None or not 1 <= hour[0] <= 12:
        return None
    end = hour[1]
    split = phrase.match(end, "o", "clock")
    if not split and phrase.key(end) not in _OCLOCK:
        return None
    return [Piece(str(hour[0]), at, end), Piece("o'clock", end, end + 1 + split)]


def _relative(phrase: Phrase, at: int) -> list[Piece] | None:
    """Half past three, a quarter to five, ten minutes to six, twenty past six."""
    start = at + (phrase.key(at) == "a")
    minutes = _QUARTERS.get(phrase.key(start))
    after = start + 1
    is_sure = minutes is not None
    if minutes is None:
        spoken = phrase.numbers.below_hundred(start)
        if spoken is None or spoken[0] > 59:
            return None
        minutes, after = spoken
        is_sure = phrase.key(after) in _MINUTES
        after += is_sure
    side = phrase.key(after)
    if side not in ("past", "to") or (side == "to" and (not is_sure or minutes == 30)):
        return None
    if side == "past" and not is_sure and minutes not in _ROUND_MINUTES:
        return None
    hour = phrase.numbers.below_hundred(after + 1)
    if hour is None or not 1 <= hour[0] <= 12:
        return None
    shown = hour[0] if side == "past" else (hour[0] - 2) % 12 + 1
    return [Piece(f"{shown}:{minutes if side == 'past' else 60 - minutes:02d}", at, hour[1])]


def _military(phrase: Phrase, at: int) -> list[Piece] | None:
    """Sixteen hundred hours."""
    hour = phrase.numbers.below_hundred(at)
    if hour is None or hour[0] > 24 or not phrase.match(hour[1], "hundred", "hours"):
        return None
    return [Piece(f"{hour[0]:02d}:00", at, hour[1] + 2)]


def _after_preposition(phrase: Phrase, at: int) -> list[Piece] | None:
    """At five thirty; not: after two fifty people."""
    if phrase.key(at - 1) not in _BEFORE_TIME:
        return None
    hour = phrase.numbers.below_hundred(at)
    minute = _minute(phrase, hour[1]) if hour and 1 <= hour[0] <= 12 else None
    if hour is None or minute is None:
        return None
    after = phrase.key(minute[1])
    lexicon = phrase.lexicon
    counted = (lexicon.units, lexicon.currencies, lexicon.percents, lexicon.scales)
    if any(after in words for words in (*counted, lexicon.hundreds, lexicon.below_hundred)):
        return None
    if after in ("people", "per", "point") or after in lexicon.time_units:
        return None
    return [Piece(f"{hour[0]}:{minute[0]:02d}", at, minute[1])]


def _baje(phrase: Phrase, at: int) -> list[Piece] | None:
    """Hindi: half past five, quarter to four, twenty past six."""
    number = phrase.numbers.read(at)
    if number is None or number.is_literal or not 0 < number.value < 24:
        return None
    hour = int(number.value)
    minutes = int((number.value - hour) * Decimal(60))
    if phrase.key(number.end) in _BAJKAR:
        spoken = phrase.numbers.below_hundred(number.end + 1)
        if spoken is None or phrase.key(spoken[1]) not in _MINUTES:
            return None
        return [Piece(f"{hour}:{spoken[0]:02d}", at, spoken[1] + 1)]
    end = number.end
    if phrase.key(end) not in _BAJE:
        spoken = _minute(phrase, end)
        if spoken is None or phrase.key(spoken[1]) not in _BAJE:
            return None
        minutes, end = spoken
    text = f"{hour}:{minutes:02d}" if minutes else str(hour)
    return [Piece(text, at, end), phrase.as_said(end, end + 1)]
