"""What a language says for figures and signs; the rules of `grammar` put it together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

LARGEST = 10**15
"""From here on a number is said digit by digit."""


@dataclass(frozen=True, slots=True)
class Noun:
    one: str
    many: str
    is_feminine: bool = False


@dataclass(frozen=True, slots=True)
class Currency:
    whole: Noun
    part: Noun


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is written, without separators. `is_indian`: they stood after lakhs."""

    whole: str
    fraction: str = ""
    is_indian: bool = False

    @property
    def is_one(self) -> bool:
        return self.whole == "1" and not self.fraction


class Tongue(ABC):
    point: str
    minus: str
    plus: str
    percent: str
    to: str
    link: str
    """Between whole currency and its hundredths."""
    at: str
    dot: str
    slash: str
    by: str
    """Between lengths: 3 x 4."""
    dash: str
    underscore: str
    number_sign: str
    version: str
    months: tuple[str, ...]
    month_names: Mapping[str, int]
    """Folded names and abbreviations."""
    currencies: Mapping[str, Currency]
    """By sign and code."""
    units: Mapping[str, Noun]
    scales: Mapping[str, str]
    """What may stand between an amount and its currency: k, million, lakh."""
    symbols: Mapping[str, str]
    abbreviations: Mapping[str, str]
    """Folded and without their last dot."""
    cues: frozenset[str]
    """Words after which digits are said one by one: PIN, OTP, account."""
    numbered: frozenset[str] = frozenset()
    """Words before a number in Roman figures: chapter, volume."""
    rulers: frozenset[str] = frozenset()
    """Names that are told apart by such a number."""
    half_days: Mapping[str, str]
    ordinal_signs: tuple[str, ...]
    has_decimal_comma: bool = False
    is_month_first: bool = False
    has_spaces: bool = True
    """Between words; without, a unit ends where it ends."""

    @abstractmethod
    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        """Below LARGEST."""

    @abstractmethod
    def ordinal(self, value: int, sign: str = "") -> str: ...

    @abstractmethod
    def clock(self, hour: int, minute: int, half_day: str) -> str:
        """`half_day`: one of the values of `half_days`, or nothing."""

    @abstractmethod
    def date(self, day: int, month: int, year: int | None) -> str: ...

    @abstractmethod
    def fraction(self, upper: int, lower: int) -> str: ...

    def year(self, value: int) -> str:
        return self.cardinal(value)

    def percentage(self, said: str) -> str:
        return f"{said} {self.percent}"

    def before_noun(self, said: str) -> str:
        """A number of something, whose gender is not known."""
        return said

    def ruler(self, value: int) -> str:
        return self.ordinal(value)

    def mixed(self, whole: int, part: str) -> str:
        return f"{self.cardinal(whole)} {self.link} {part}"

    def decade(self, value: int) -> str:
        return self.cardinal(value)

    def digits(self, figures: str) -> str:
        return " ".join(self.cardinal(int(figure)) for figure in figures)

    def figure(self, figure: Figure, *, is_feminine: bool = False) -> str:
        if len(figure.whole) > 15 or (figure.whole.startswith("0") and len(figure.whole) > 1):
            said = self.digits(figure.whole)
        else:
            said = self.cardinal(
                int(figure.whole or "0"), is_feminine=is_feminine, is_indian=figure.is_indian
            )
        return f"{said} {self.point} {self.decimals(figure.fraction)}" if figure.fraction else said

    def decimals(self, figures: str) -> str:
        return self.digits(figures)

    def counted(self, figure: Figure, noun: Noun) -> str:
        said = self.figure(figure, is_feminine=noun.is_feminine)
        return f"{said} {noun.one if figure.is_one else noun.many}"

    def money(self, figure: Figure, currency: Currency) -> str:
        """Two decimals are hundredths; any other number of them is read as decimals."""
        if len(figure.fraction) != 2:
            return self.counted(figure, currency.whole)
        whole = Figure(figure.whole, "", figure.is_indian)
        part = Figure(str(int(figure.fraction)))
        if part.whole == "0":
            return self.counted(whole, currency.whole)
        said = self.counted(part, currency.part)
        if not int(whole.whole or "0"):
            return said
        return f"{self.counted(whole, currency.whole)} {self.link} {said}"

    def scaled_money(self, figure: Figure, scale: str, currency: Currency) -> str:
        return f"{self.figure(figure)} {scale} {currency.whole.many}"


def read_figure(written: str, *, has_decimal_comma: bool) -> Figure:
    """Of digits with separators; one that groups digits by three is none of decimals, but for a
    single one that the language has for decimals."""
    decimal = "," if has_decimal_comma else "."
    grouping = ".   \u202f" if has_decimal_comma else ","
    whole, _, fraction = written.rpartition(decimal) if decimal in written else (written, "", "")
    groups = whole
    for separator in grouping:
        groups = groups.replace(separator, "|")
    parts = groups.split("|")
    if not fraction and len(parts) == 2 and len(parts[1]) != 3:
        return Figure(parts[0], parts[1])
    return Figure("".join(parts), fraction, any(len(part) == 2 for part in parts[1:]))
