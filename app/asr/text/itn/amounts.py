"""Rules for numbers that stand with a unit: percent, money, measures."""

from decimal import Decimal

from app.asr.text.folding import vocabulary
from app.asr.text.itn.lexicon import RUPEE, Currency
from app.asr.text.itn.numbers import Number, write
from app.asr.text.itn.phrase import Phrase, amount
from app.asr.text.itn.tokens import Piece

_OWNED = vocabulary("my your his her our their its own both")
_POINTED_AT = vocabulary("the this that a some any no every at which")
_UNSPACED = "°"


def percent(phrase: Phrase, at: int) -> list[Piece] | None:
    sign, start = _sign(phrase, at)
    number = _fraction_of_one(phrase, start) or phrase.numbers.read(start)
    if number is None and phrase.key(start) in phrase.lexicon.hundreds:
        number = Number(Decimal(100), start + 1)
    if number is None:
        return None
    unit = phrase.longest(number.end, phrase.lexicon.percents, 2)
    return amount(number, at, unit[1], prefix=sign, suffix="%") if unit else None


def money(phrase: Phrase, at: int) -> list[Piece] | None:
    return _amount_first(phrase, at) or _currency_first(phrase, at) or _subunits(phrase, at)


def measure(phrase: Phrase, at: int) -> list[Piece] | None:
    sign, start = _sign(phrase, at)
    number = phrase.numbers.read(start)
    if number is None or _is_owned(phrase, at):
        return None
    lexicon = phrase.lexicon
    unit = phrase.longest(number.end, lexicon.units)
    if unit is None:
        is_fraction = number.value != number.value.to_integral()
        if not is_fraction or phrase.key(number.end) not in lexicon.time_units:
            return None
        end = number.end + 1
        return [*amount(number, at, number.end), phrase.as_said(number.end, end)]
    written = lexicon.units[unit[0]]
    if written.startswith(_UNSPACED):
        return amount(number, at, unit[1], prefix=sign, suffix=written)
    pieces = amount(number, at, number.end, prefix=sign)
    return [*pieces, Piece(written, number.end, unit[1])]


def _sign(phrase: Phrase, at: int) -> tuple[str, int]:
    return ("-", at + 1) if phrase.key(at) in phrase.lexicon.minuses else ("", at)


def _fraction_of_one(phrase: Phrase, at: int) -> Number | None:
    """Point five, where no noun before makes the point one of a discussion."""
    if phrase.key(at) not in phrase.lexicon.points or phrase.key(at - 1) in _POINTED_AT:
        return None
    places, end = phrase.numbers.digits(at + 1)
    return Number(Decimal(f"0.{places}"), end) if places else None


def _amount_first(phrase: Phrase, at: int) -> list[Piece] | None:
    number = _hundreds_unsaid(phrase, at) or phrase.numbers.read(at)
    if number is None:
        return None
    found = phrase.longest(number.end, phrase.lexicon.currencies, 2)
    if found is None:
        return None
    currency, end = phrase.lexicon.currencies[found[0]], found[1]
    cents = _cents_after(phrase, end, currency)
    if cents and not number.scale:
        whole = _written(number, currency)
        return [Piece(f"{currency.symbol}{whole}.{cents[0]:02d}", at, cents[1], is_number=True)]
    return _priced(number, at, end, currency)


def _hundreds_unsaid(phrase: Phrase, at: int) -> Number | None:
    """Two fifty rupees are 250."""
    hundreds = phrase.numbers.below_hundred(at)
    rest = phrase.numbers.below_hundred(hundreds[1]) if hundreds and hundreds[0] else None
    if hundreds is None or rest is None or rest[0] < 10:
        return None
    if phrase.lexicon.currencies.get(phrase.key(rest[1])) is not RUPEE:
        return None
    return Number(Decimal(hundreds[0] * 100 + rest[0]), rest[1])


def _currency_first(phrase: Phrase, at: int) -> list[Piece] | None:
    """Rupees five hundred: said so in India only."""
    if phrase.lexicon.currencies.get(phrase.key(at)) is not RUPEE:
        return None
    number = phrase.numbers.read(at + 1)
    if number is None or number.is_short:
        return None
    if phrase.longest(number.end, phrase.lexicon.currencies, 2):
        return None
    if not number.scale:
        return _priced(number, at, number.end, RUPEE)
    first, scale = amount(number, at + 1, number.end, prefix=RUPEE.symbol)
    return [Piece(first.text, at, first.end, is_number=True), scale]


def _subunits(phrase: Phrase, at: int) -> list[Piece] | None:
    number = phrase.numbers.read(at)
    if number is None or not 0 < number.value < 100 or _is_owned(phrase, at):
        return None
    subunit = phrase.lexicon.subunits.get(phrase.key(number.end))
    if subunit is None or number.value != number.value.to_integral():
        return None
    text = f"{subunit.currency.symbol}0.{int(number.value):02d}"
    return [Piece(text, at, number.end + 1, is_number=True)]


def _cents_after(phrase: Phrase, at: int, currency: Currency) -> tuple[int, int] | None:
    start = at + (phrase.key(at) in phrase.lexicon.ands)
    number = phrase.numbers.read(start)
    if number is None or not 0 < number.value < 100:
        return None
    subunit = phrase.lexicon.subunits.get(phrase.key(number.end))
    if subunit is None or subunit.currency is not currency:
        return None
    return int(number.value), number.end + 1


def _priced(number: Number, at: int, end: int, currency: Currency) -> list[Piece]:
    return amount(number, at, end, prefix=currency.symbol, indian=currency.is_indian)


def _written(number: Number, currency: Currency) -> str:
    return write(number, indian=currency.is_indian)


def _is_owned(phrase: Phrase, at: int) -> bool:
    """My two cents, his own two feet: no measures."""
    return phrase.key(at - 1) in _OWNED
