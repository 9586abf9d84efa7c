"""What Spanish, French, Italian and Portuguese have in common in figures and signs."""

from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.tongue import Currency, Noun, Tongue

_HALF_DAYS = {"am": "AM", "a.m": "AM", "pm": "PM", "p.m": "PM"}
_CODES = {"$": "dollar", "US$": "dollar", "USD": "dollar", "€": "euro", "EUR": "euro",
          "£": "pound", "GBP": "pound", "₹": "rupee", "Rs": "rupee", "INR": "rupee",
          "R$": "real", "BRL": "real", "¥": "yen", "CHF": "franc"}  # fmt: skip


class Romance(Tongue):
    has_decimal_comma = True
    ordinal_signs = ("º", "ª", "°")
    half_days = _HALF_DAYS
    cues = vocabulary(
        "pin otp código codigo code codice cuenta conta compte conto teléfono telefone téléphone "
        "telefono número numero numéro"
    )
    first_day: str
    of: str
    """Between day, month and year."""

    def date(self, day: int, month: int, year: int | None) -> str:
        said = self.first_day if day == 1 else self.cardinal(day)
        parts = [said, self.of, self.months[month - 1]]
        if year:
            parts += [self.of, self.year(year)]
        return " ".join(part for part in parts if part)


def months_by_name(months: str) -> dict[str, int]:
    return {month: number for number, month in enumerate(months.split(), start=1)}


def currencies(names: str, part: Noun) -> dict[str, Currency]:
    """`names`: "dollar=dólar/dólares", feminine ones with a star."""
    nouns = {key: _noun(forms) for key, _, forms in (name.partition("=") for name in names.split())}
    parts = {"pound": nouns["penny"]}
    return {
        code: Currency(nouns[key], parts.get(key, part))
        for code, key in _CODES.items()
        if key in nouns
    }


def units(names: str) -> dict[str, Noun]:
    """`names`: "km=kilómetro/kilómetros", `_` for a space."""
    pairs = (name.partition("=") for name in names.split())
    return {sign: _noun(forms) for sign, _, forms in pairs}


def _noun(forms: str) -> Noun:
    one, _, many = forms.rstrip("*").replace("_", " ").partition("/")
    return Noun(one, many or one, forms.endswith("*"))
