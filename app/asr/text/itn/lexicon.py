"""The vocabulary that the rules of normalization read: one of these a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Currency:
    symbol: str
    is_indian: bool = False


@dataclass(frozen=True, slots=True)
class Subunit:
    """Hundredths of a currency: cents, paise."""

    currency: Currency


DOLLAR, EURO, POUND, RUPEE = Currency("$"), Currency("€"), Currency("£"), Currency("₹", True)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Keys are folded (`tokens.fold`). `below_hundred` holds whole words; `tens` take a unit."""

    is_indian: bool
    below_hundred: Mapping[str, int]
    tens: Mapping[str, int]
    hundreds: frozenset[str]
    scales: Mapping[str, int]
    kept_scales: Mapping[str, str]
    digit_words: Mapping[str, str]
    repeats: Mapping[str, int]
    ordinals: Mapping[str, int]
    ordinal_suffixes: Mapping[str, str]
    additions: Mapping[str, Decimal]
    """Said before a number and added to it: a quarter, a half, minus a quarter."""
    wholes: Mapping[str, Decimal]
    """One and a half, two and a half, where the language has a word for it."""
    points: frozenset[str]
    minuses: frozenset[str]
    ands: frozenset[str]
    percents: frozenset[str]
    currencies: Mapping[str, Currency]
    subunits: Mapping[str, Subunit]
    units: Mapping[str, str]
    """Written form of a unit, by the words it is said with."""
    time_units: frozenset[str]
    months: Mapping[str, str]
    code_cues: frozenset[str]
    joiners: frozenset[str]
    """Words between two numbers that are written alike: five *to* ten."""
    idioms: Mapping[tuple[str, ...], str]
