"""Reckons what is written as arithmetic, in decimal numbers: 0.1 + 0.2 is 0.3. Nothing that can be
written takes long: numbers have at most 50 digits that count and 10,000 places. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import NoReturn

from app.llm.tools.tool import ToolRefused

LONGEST = 500
DEEPEST = 40
DIGITS = 50
MOST_PLACES = 10_000

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]+)"
    r"|(?P<sign>\*\*|//|[-+*/%^(),]))",
    re.ASCII,
)
_OTHER_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "·": "*"})  # noqa: RUF001
_SUMS = ("+", "-")
_PRODUCTS = ("*", "/", "//", "%")
_POWERS = ("^", "**")


@dataclass(frozen=True, slots=True)
class Reckoned:
    """`is_exact` is false where digits had to be dropped, as for 1/3."""

    value: Decimal
    is_exact: bool

    @property
    def text(self) -> str:
        if not self.value:
            return "0"
        if not -30 < self.value.adjusted() < DIGITS:
            return str(self.value.normalize(Context(prec=DIGITS)))
        whole = f"{self.value:f}"
        return whole.rstrip("0").rstrip(".") if "." in whole else whole


def reckon(expression: str) -> Reckoned:
    """Raises ToolRefused."""
    if len(expression) > LONGEST:
        raise ToolRefused(f"expression: it is longer than {LONGEST} characters")
    context = Context(
        prec=DIGITS,
        Emax=MOST_PLACES,
        Emin=-MOST_PLACES,
        rounding=ROUND_HALF_UP,
        traps=[InvalidOperation, DivisionByZero, Overflow],
    )
    try:
        value = _Reader(expression, context).read()
    except DivisionByZero:
        raise ToolRefused("expression: it divides by zero") from None
    except Overflow:
        raise ToolRefused("expression: its value is too large") from None
    except (DecimalException, ValueError):
        raise ToolRefused("expression: it has no value among the real numbers") from None
    return Reckoned(value, not context.flags[Inexact])


class _Reader:
    """Each method reads what binds more closely than the one above it, and reckons as it goes."""

    def __init__(self, expression: str, context: Context) -> None:
        self._context = context
        self._tokens = _tokens(expression.translate(_OTHER_SIGNS))
        self._at = 0
        self._depth = 0

    def read(self) -> Decimal:
        value = self._sum()
        if self._sign:
            self._refuse()
        return value

    @property
    def _sign(self) -> str:
        return self._tokens[self._at]

    def _taken(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _refuse(self) -> NoReturn:
        found = f"{self._sign!r} stands where it cannot" if self._sign else "it ends too early"
        raise ToolRefused(f"expression: {found}")

    def _sum(self) -> Decimal:
        value = self._product()
        while self._sign in _SUMS:
            add = self._context.add if self._taken() == "+" else self._context.subtract
            value = add(value, self._product())
        return value

    def _product(self) -> Decimal:
        value = self._signed()
        while self._sign in _PRODUCTS:
            value = self._combined(self._taken(), value, self._signed())
        return value

    def _combined(self, sign: str, left: Decimal, right: Decimal) -> Decimal:
        """`//` and `%` as in mathematics: the rest has the sign of what is divided by."""
        if sign == "*":
            return self._context.multiply(left, right)
        if not right:
            raise DivisionByZero
        if sign == "/":
            return self._context.divide(left, right)
        whole, rest = self._context.divmod(left, right)
        if rest and (rest < 0) != (right < 0):
            whole, rest = self._context.subtract(whole, Decimal(1)), self._context.add(rest, right)
        return whole if sign == "//" else rest

    def _signed(self) -> Decimal:
        if self._sign in _SUMS:
            is_negative = self._taken() == "-"
            value = self._deeper(self._signed)
            return value.copy_negate() if is_negative else value
        return self._power()

    def _power(self) -> Decimal:
        value = self._percent()
        if self._sign in _POWERS:
            self._taken()
            return self._context.power(value, self._deeper(self._signed))
        return value

    def _percent(self) -> Decimal:
        """A `%` that nothing follows which could be divided by is a hundredth."""
        value = self._primary()
        while self._sign == "%" and not _begins_value(self._tokens[self._at + 1]):
            self._taken()
            value = self._context.multiply(value, Decimal("0.01"))
        return value

    def _primary(self) -> Decimal:
        if self._sign == "(":
            self._taken()
            value = self._deeper(self._sum)
            self._take(")")
            return value
        if self._sign in _FUNCTIONS:
            return self._called(_FUNCTIONS[self._taken()])
        if not self._sign[:1].isdigit() and not self._sign.startswith("."):
            self._refuse()
        return self._context.create_decimal(self._taken())

    def _called(self, function: "Callable[[Context, Sequence[Decimal]], Decimal]") -> Decimal:
        name = self._tokens[self._at - 1]
        self._take("(")
        arguments = [self._deeper(self._sum)]
        while self._sign == ",":
            self._taken()
            arguments.append(self._deeper(self._sum))
        self._take(")")
        try:
            return function(self._context, arguments)
        except TypeError:
            raise ToolRefused(f"expression: {name} takes another number of values") from None

    def _take(self, sign: str) -> None:
        if self._sign != sign:
            self._refuse()
        self._at += 1

    def _deeper(self, read: Callable[[], Decimal]) -> Decimal:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ToolRefused(f"expression: it is nested more than {DEEPEST} deep")
        value = read()
        self._depth -= 1
        return value


def _tokens(expression: str) -> list[str]:
    """With an empty one at the end."""
    found: list[str] = []
    at, end = 0, len(expression.rstrip())
    while at < end:
        token = _TOKEN.match(expression, at)
        if token is None:
            rest = expression[at:].strip()
            raise ToolRefused(f"expression: {rest[:1]!r} cannot be read")
        found.append(token[token.lastgroup or 0].lower())
        at = token.end()
    return [*found, ""]


def _begins_value(token: str) -> bool:
    return token[:1].isalnum() or token.startswith((".", "("))


def _rounded(value: Decimal, places: Decimal = Decimal(0)) -> Decimal:
    if places != int(places) or abs(places) > DIGITS:
        raise ToolRefused(f"expression: round takes up to {DIGITS} whole places")
    return value.quantize(
        Decimal(1).scaleb(-int(places)), ROUND_HALF_UP, Context(prec=2 * MOST_PLACES)
    )


def _whole(rounding: str) -> Callable[[Context, Sequence[Decimal]], Decimal]:
    return lambda _, values: _one(*values).to_integral_value(rounding)


def _one(value: Decimal) -> Decimal:
    return value


def _total(context: Context, values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = context.add(total, value)
    return total


_FUNCTIONS: Mapping[str, Callable[[Context, Sequence[Decimal]], Decimal]] = {
    "abs": lambda _, values: _one(*values).copy_abs(),
    "avg": lambda context, values: context.divide(_total(context, values), Decimal(len(values))),
    "ceil": _whole(ROUND_CEILING),
    "floor": _whole(ROUND_FLOOR),
    "max": lambda _, values: max(values),
    "min": lambda _, values: min(values),
    "round": lambda _, values: _rounded(*values),
    "sqrt": lambda context, values: context.sqrt(_one(*values)),
    "sum": _total,
}
