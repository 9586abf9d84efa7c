"""Spoken numbers read at a place of a phrase: cardinals, decimals, fractions, scales."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.asr.text.itn.lexicon import Lexicon

_LITERAL = re.compile(r"\d{1,15}(?:,\d{2,3}){0,5}(?:\.\d{1,9})?")
_ARTICLES = ("a", "an")
_LAKH = 10**5
_NO_SCALE = 10**15
GROUPED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Number:
    """Tokens up to `end` say `value`. A round one is `mantissa` times the word `scale`.

    `is_short`: one digit, which prose keeps as a word. `is_literal`: was written in digits.
    """

    value: Decimal
    end: int
    mantissa: Decimal | None = None
    scale: str = ""
    scale_at: int = 0
    is_short: bool = False
    is_literal: bool = False
    is_article: bool = False
    is_indian: bool = False


class NumberReader:
    def __init__(self, lexicon: Lexicon, keys: Sequence[str]) -> None:
        self._lexicon = lexicon
        self._keys = keys

    def read(self, at: int) -> Number | None:
        """The longest number that begins at this token."""
        return (
            self._literal(at)
            or self._fraction(at)
            or self._decimal(at)
            or self._mixed(at)
            or self._cardinal(at)
        )

    def key(self, at: int) -> str:
        return self._keys[at] if 0 <= at < len(self._keys) else ""

    def below_hundred(self, at: int) -> tuple[int, int] | None:
        """A value and the token after it."""
        lexicon, key = self._lexicon, self.key(at)
        if key in lexicon.tens:
            unit = lexicon.below_hundred.get(self.key(at + 1), 0)
            is_joined = 0 < unit < 10
            return lexicon.tens[key] + (unit if is_joined else 0), at + 1 + is_joined
        if key in lexicon.below_hundred:
            return lexicon.below_hundred[key], at + 1
        return None

    def digits(self, at: int) -> tuple[str, int]:
        """Words for single digits, in a row."""
        found = ""
        while digit := self._lexicon.digit_words.get(self.key(at)):
            found += digit
            at += 1
        return found, at

    def _literal(self, at: int) -> Number | None:
        if not _LITERAL.fullmatch(self.key(at)):
            return None
        value = Decimal(self.key(at).replace(",", ""))
        return self._scaled(value, at + 1) or Number(value, at + 1, is_literal=True)

    def _scaled(self, mantissa: Decimal, at: int) -> Number | None:
        """`mantissa` of a scale that follows: two and a half *million*."""
        key = self.key(at)
        size = 100 if key in self._lexicon.hundreds else self._lexicon.scales.get(key)
        if size is None:
            return None
        value = _without_places(mantissa * size)
        is_indian = self._is_indian(key)
        if key in self._lexicon.kept_scales:
            scale = self._lexicon.kept_scales[key]
            return Number(value, at + 1, mantissa, scale, at, is_indian=is_indian)
        return Number(value, at + 1, is_indian=is_indian)

    def _fraction(self, at: int) -> Number | None:
        lexicon = self._lexicon
        whole = lexicon.wholes.get(self.key(at))
        if whole is not None:
            return self._scaled(whole, at + 1) or Number(whole, at + 1, is_short=True)
        part = lexicon.additions.get(self.key(at))
        if part is None:
            return None
        if self.key(at + 1) in lexicon.hundreds or self.key(at + 1) in lexicon.scales:
            return self._scaled(1 + part, at + 1)
        base = self.below_hundred(at + 1)
        if base is None:
            return None
        value = _without_places(base[0] + part)
        return self._scaled(value, base[1]) or Number(value, base[1])

    def _decimal(self, at: int) -> Number | None:
        whole = self._cardinal(at)
        if whole is None or whole.scale or self.key(whole.end) not in self._lexicon.points:
            return None
        if self.key(at - 1) == "at" and self.key(at) == "one":  # at one point
            return None
        places, end = self.digits(whole.end + 1)
        if not places:
            pair = self.below_hundred(whole.end + 1)
            if pair is None:
                return None
            places, end = str(pair[0]), pair[1]
        value = Decimal(f"{whole.value}.{places}")
        return self._scaled(value, end) or Number(value, end)

    def _mixed(self, at: int) -> Number | None:
        """Two and a half; alone it stays words."""
        base = self.below_hundred(at)
        if base is None or [self.key(base[1] + step) for step in range(3)] != ["and", "a", "half"]:
            return None
        value = base[0] + Decimal("0.5")
        return self._scaled(value, base[1] + 3) or Number(value, base[1] + 3, is_short=True)

    def _cardinal(self, at: int) -> Number | None:
        group = self._group(at)
        if group is None:
            return None
        lexicon = self._lexicon
        value, end = group
        total, last, last_at, is_round = 0, _NO_SCALE, 0, False
        while True:
            size = lexicon.scales.get(self.key(end))
            if size is not None and (size < last or _multiplies(size, total + value)):
                is_round = size >= last or not total
                total = total + value * size if size < last else (total + value) * size
                last, last_at, value, end = size, end, 0, end + 1
            following = (
                self._group(self._after_and(end)) if last < _NO_SCALE and not value else None
            )
            if following is None or not self._fits(following, last):
                break
            value, end = following
        is_article = self.key(at) in _ARTICLES
        is_indian = any(self._is_indian(self.key(place)) for place in range(at, end))
        whole = Decimal(total + value)
        scale = lexicon.kept_scales.get(self.key(last_at)) if is_round and not value else None
        if scale:
            return Number(
                whole, end, whole / last, scale, last_at,
                is_article=is_article, is_indian=is_indian,
            )  # fmt: skip
        is_short = whole < 10 and end == at + 1
        return Number(whole, end, is_short=is_short, is_article=is_article, is_indian=is_indian)

    def _group(self, at: int) -> tuple[int, int] | None:
        """Below a thousand, or hundreds up to ninety nine: fifteen hundred."""
        lexicon = self._lexicon
        if self.key(at) in _ARTICLES and self._is_large(self.key(at + 1)):
            base = (1, at + 1)
        elif self.key(at) in lexicon.hundreds and lexicon.is_indian and self.key(at) != "hundred":
            base = (1, at)
        else:
            base = self.below_hundred(at)
        if base is None or self.key(base[1]) not in lexicon.hundreds or base[0] == 0:
            return base
        value, end = base[0] * 100, base[1] + 1
        rest_at = self._after_and(end)
        rest = self.below_hundred(rest_at)
        if rest is None or rest[0] == 0 or self.key(rest[1]) in lexicon.hundreds:
            return value, end
        if rest_at > end and self.key(rest[1]) in lexicon.scales:
            return value, end
        return value + rest[0], rest[1]

    def _is_large(self, key: str) -> bool:
        return key in self._lexicon.hundreds or key in self._lexicon.scales

    def _after_and(self, at: int) -> int:
        """The place after an "and" that belongs to the number."""
        if self.key(at) not in self._lexicon.ands:
            return at
        return at if self._divides(at) else at + 1

    def _divides(self, at: int) -> bool:
        """Between one hundred *and* two hundred: the only "and" after "between" divides."""
        before = self._keys[max(0, at - 8) : at]
        after = self._keys[at + 1 : at + 8]
        return "between" in before and not any(key in self._lexicon.ands for key in after)

    def _fits(self, group: tuple[int, int], last: int) -> bool:
        size = self._lexicon.scales.get(self.key(group[1]))
        if size is None:
            return 0 < group[0] < last
        return size < last or _multiplies(size, group[0])

    def _is_indian(self, key: str) -> bool:
        return self._lexicon.is_indian or self._lexicon.scales.get(key) in (_LAKH, 100 * _LAKH)


def _multiplies(size: int, value: int) -> bool:
    """A thousand *crore*: a larger scale takes what was said before it."""
    return size >= 10**7 and 0 < value < size


def _without_places(value: Decimal) -> Decimal:
    return value.to_integral_value() if value == value.to_integral_value() else value


def _places(value: Decimal) -> int:
    """2.0 was said with one place, and keeps it."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def write(number: Number, *, indian: bool = False) -> str:
    """In digits; grouped from five digits on, by lakhs where that is how it was said."""
    value = number.value
    if _places(value) == 0:
        return grouped(int(value), indian=indian or number.is_indian)
    whole, _, places = f"{value:f}".partition(".")
    return f"{grouped(int(whole), indian=indian or number.is_indian)}.{places}"


def grouped(value: int, *, indian: bool) -> str:
    if abs(value) < GROUPED_FROM:
        return str(value)
    if not indian:
        return f"{value:,}"
    head, tail = divmod(value, 1000)
    parts = [f"{tail:03d}"]
    while head >= 100:
        head, part = divmod(head, 100)
        parts.append(f"{part:02d}")
    return ",".join((str(head), *reversed(parts)))


def plain(value: Decimal) -> str:
    """Without trailing zeros: a mantissa."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
