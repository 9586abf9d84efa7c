"""What Italian says for figures and signs."""

from app.tts.text.written.romance import Romance, currencies, months_by_name, units
from app.tts.text.written.tongue import Figure, Noun

_SMALL = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
    "quindici sedici diciassette diciotto diciannove"
)
_TENS = "_ _ venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
_ORDINALS = "_ primo secondo terzo quarto quinto sesto settimo ottavo nono decimo"
_MONTHS = (
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
_MONTH_NAMES = months_by_name(_MONTHS)
_CURRENCIES = currencies(
    "dollar=dollaro/dollari euro=euro/euro pound=sterlina/sterline* rupee=rupia/rupie* "
    "real=real/reais yen=yen/yen franc=franco/franchi penny=penny/pence",
    Noun("centesimo", "centesimi"),
)
_UNITS = units(
    "km=chilometro/chilometri m=metro/metri cm=centimetro/centimetri mm=millimetro/millimetri "
    "kg=chilogrammo/chilogrammi g=grammo/grammi mg=milligrammo/milligrammi l=litro/litri "
    "L=litro/litri ml=millilitro/millilitri km/h=chilometro_orario/chilometri_orari °C=grado/gradi "
    "°=grado/gradi GB=gigabyte/gigabyte MB=megabyte/megabyte h=ora/ore* min=minuto/minuti "
    "m²=metro_quadrato/metri_quadrati km²=chilometro_quadrato/chilometri_quadrati"
)
_SCALES = {
    "mila": "mila", "milione": "milione di", "milioni": "milioni di", "miliardo": "miliardo di",
    "miliardi": "miliardi di",
}  # fmt: skip
_SYMBOLS = {
    "&": "e", "+": "più", "=": "uguale", "<": "minore di", ">": "maggiore di", "×": "per",
    "÷": "diviso", "@": "chiocciola", "%": "per cento", "°": "gradi", "$": "dollari", "€": "euro",
}  # fmt: skip
_ABBREVIATIONS = {
    "sig": "signor", "sig.ra": "signora", "dott": "dottor", "dr": "dottor", "prof": "professor",
    "ing": "ingegner", "avv": "avvocato", "ecc": "eccetera", "pag": "pagina", "tel": "telefono",
}  # fmt: skip


class Italian(Romance):
    point, minus, plus, percent = "virgola", "meno", "più", "per cento"
    to, link, at, dot, slash = "a", "e", "chiocciola", "punto", "barra"
    dash, underscore, number_sign, version = "trattino", "trattino basso", "numero", "versione"
    by = "per"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _UNITS
    scales = _SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    first_day, of = "primo", ""

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        return "una" if is_feminine and value == 1 else _cardinal(value)

    def counted(self, figure: Figure, noun: Noun) -> str:
        if figure.is_one and not noun.is_feminine:
            return f"un {noun.one}"
        return super().counted(figure, noun)

    def before_noun(self, said: str) -> str:
        return "un" if said == "uno" else said

    def ordinal(self, value: int, sign: str = "") -> str:
        if value <= 10:
            said = _ORDINALS.split()[value] if value else "zeresimo"
        else:
            stem = _cardinal(value)
            keeps = value % 10 in {3, 6} and value % 100 not in {13, 16}
            said = f"{stem.replace('tré', 'tre') if keeps else stem[:-1]}esimo"
        return f"{said[:-1]}a" if sign == "ª" else said

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        said = self.cardinal(hour, is_feminine=True)
        said += f" e {_cardinal(minute)}" if minute else ""
        return f"{said} {half_day}".strip()

    def fraction(self, upper: int, lower: int) -> str:
        name = "mezzo" if lower == 2 else self.ordinal(lower)
        if (upper, lower) == (1, 2):
            return name
        return f"un {name}" if upper == 1 else f"{_cardinal(upper)} {name[:-1]}i"


def _cardinal(value: int) -> str:
    if value < 20:
        return _SMALL.split()[value]
    if value < 100:
        ten, unit = divmod(value, 10)
        stem = _TENS.split()[ten]
        if unit in {1, 8}:
            stem = stem[:-1]
        return stem + ("tré" if unit == 3 else _cardinal(unit) if unit else "")
    if value < 1000:
        hundred, rest = divmod(value, 100)
        stem = "cento" if hundred == 1 else f"{_cardinal(hundred)}cento"
        if 80 <= rest < 90 or rest == 8:
            stem = stem[:-1]
        return stem + (_joined(rest) if rest else "")
    if value < 10**6:
        many, rest = divmod(value, 1000)
        head = "mille" if many == 1 else f"{_plain(many)}mila"
        return f"{head} {_cardinal(rest)}" if rest else head
    names = (
        (10**12, "bilione", "bilioni"), (10**9, "miliardo", "miliardi"),
        (10**6, "milione", "milioni"),
    )  # fmt: skip
    size, one, more = next(scale for scale in names if scale[0] <= value)
    many, rest = divmod(value, size)
    head = f"un {one}" if many == 1 else f"{_cardinal(many)} {more}"
    return f"{head} {_cardinal(rest)}" if rest else head


def _joined(rest: int) -> str:
    return "tré" if rest == 3 else _cardinal(rest)


def _plain(value: int) -> str:
    return _cardinal(value).replace("tré", "tre")
