"""Rules for numbers that stand alone: digits said one by one, idioms, cardinals."""

from app.asr.text.itn.numbers import write
from app.asr.text.itn.phrase import Phrase, amount
from app.asr.text.itn.tokens import Piece

_MOST_APART = 10
_PHONE_DIGITS = 7
_RUN_DIGITS = 4
_CODE_DIGITS = 3
_PREFIXED_DIGITS = 10


def idiom(phrase: Phrase, at: int) -> list[Piece] | None:
    for said, text in phrase.lexicon.idioms.items():
        if phrase.match(at, *said):
            return [Piece(text, at, at + len(said))]
    return None


def code(phrase: Phrase, at: int) -> list[Piece] | None:
    """Phone numbers, pins and the like: "double five", "ninety eight twenty two" included."""
    start = at + (phrase.key(at) in ("plus", "प्लस"))
    parts: list[tuple[str, int, bool]] = []
    end = start
    while part := _part(phrase, end):
        parts.append(part)
        end = part[1]
    if parts and _counts(phrase, end):
        parts.pop()
    if len(parts) < 2:
        return None
    digits = "".join(part[0] for part in parts)
    if not _is_code(phrase, start, parts, digits):
        return None
    prefix = "+" if start > at and len(digits) >= _PREFIXED_DIGITS else ""
    return (
        [Piece(prefix + digits, at if prefix else start, parts[-1][1])]
        if (prefix or start == at)
        else None
    )


def shared_scale(phrase: Phrase, at: int) -> list[Piece] | None:
    """Three or four thousand: both are thousands, so neither is written in digits."""
    low = phrase.numbers.read(at)
    if low is None or low.is_literal or low.scale or low.value >= 100:
        return None
    joiner = phrase.key(low.end)
    is_between = joiner in phrase.lexicon.ands and phrase.key(at - 1) == "between"
    start = low.end + (joiner in phrase.lexicon.joiners or is_between)
    high = phrase.numbers.read(start)
    if high is None or high.is_literal or high.scale or high.end == start + 1:
        return None
    last = phrase.key(high.end - 1)
    size = 100 if last in phrase.lexicon.hundreds else phrase.lexicon.scales.get(last)
    if size is None or not low.value < high.value / size < 100:
        return None
    return [phrase.as_said(index, index + 1) for index in range(at, high.end)]


def approximate(phrase: Phrase, at: int) -> list[Piece] | None:
    """Hindi says "ten twelve people" for ten to twelve."""
    low = phrase.numbers.read(at)
    if not phrase.lexicon.is_indian or low is None or low.is_literal:
        return None
    high = phrase.numbers.read(low.end)
    if high is None or high.scale or low.scale or high.is_literal:
        return None
    is_near = 0 < high.value - low.value <= _MOST_APART and 10 <= high.value <= 100
    if not is_near or phrase.numbers.read(high.end) or low.value < 1:
        return None
    return [Piece(f"{write(low)}-{write(high)}", at, high.end, is_number=True)]


def cardinal(phrase: Phrase, at: int) -> list[Piece] | None:
    start = at + (phrase.key(at) in phrase.lexicon.minuses)
    number = phrase.numbers.read(start)
    if number is None or (number.is_literal and start == at):
        return None
    is_bare_article = number.is_article and write(number).strip("0,") == "1"
    if is_bare_article:
        return [phrase.as_said(at, number.end)]
    if start > at:
        is_difference = at > 0 and phrase.key(at - 1) in phrase.lexicon.below_hundred
        return (
            None if is_difference or number.is_short else amount(number, at, number.end, prefix="-")
        )
    if number.is_short:
        return [phrase.as_said(at, number.end, digits=write(number))]
    return amount(number, at, number.end)


def _part(phrase: Phrase, at: int) -> tuple[str, int, bool] | None:
    """Digits, where they end, and whether they were said one by one."""
    lexicon, key = phrase.lexicon, phrase.key(at)
    times = lexicon.repeats.get(key)
    if times:
        digit = lexicon.digit_words.get(phrase.key(at + 1))
        return (digit * times, at + 2, True) if digit else None
    if key in lexicon.digit_words:
        digit = lexicon.digit_words[key]
        is_dialled = phrase.key(at + 1) in lexicon.hundreds and phrase.numbers.digits(at + 2)[0][2:]
        return (f"{digit}00", at + 2, False) if is_dialled else (digit, at + 1, True)
    if len(key) == 1 and key.isdecimal():
        return key, at + 1, True
    below = phrase.numbers.below_hundred(at)
    if below is None or phrase.key(below[1]) in lexicon.hundreds:
        return None
    return str(below[0]), below[1], False


def _counts(phrase: Phrase, at: int) -> bool:
    """The last part is the beginning of a larger number, or of an amount."""
    lexicon, key = phrase.lexicon, phrase.key(at)
    return key in lexicon.hundreds or key in lexicon.scales or key in lexicon.points


def _is_code(phrase: Phrase, at: int, parts: list[tuple[str, int, bool]], digits: str) -> bool:
    if all(part[2] for part in parts) and len(digits) >= _RUN_DIGITS:
        return True
    if len(digits) >= _PHONE_DIGITS and len(parts) >= _RUN_DIGITS:
        return True
    has_cue = bool(phrase.lexicon.code_cues & set(phrase.keys_before(at, 3)))
    return has_cue and len(digits) >= _CODE_DIGITS
