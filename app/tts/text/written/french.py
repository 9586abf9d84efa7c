"""What French says for figures and signs."""

from app.tts.text.written.romance import Romance, currencies, months_by_name, units
from app.tts.text.written.tongue import Noun

_SMALL = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
)
_TENS = "_ _ vingt trente quarante cinquante soixante"
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_MONTH_NAMES = months_by_name(_MONTHS)
_CURRENCIES = currencies(
    "dollar=dollar/dollars euro=euro/euros pound=livre/livres* rupee=roupie/roupies* "
    "real=réal/réaux yen=yen/yens franc=franc/francs penny=penny/pence",
    Noun("centime", "centimes"),
)
_UNITS = units(
    "km=kilomètre/kilomètres m=mètre/mètres cm=centimètre/centimètres mm=millimètre/millimètres "
    "kg=kilogramme/kilogrammes g=gramme/grammes mg=milligramme/milligrammes l=litre/litres "
    "L=litre/litres ml=millilitre/millilitres km/h=kilomètre_par_heure/kilomètres_par_heure "
    "°C=degré/degrés °=degré/degrés Go=gigaoctet/gigaoctets Mo=mégaoctet/mégaoctets "
    "min=minute/minutes* m²=mètre_carré/mètres_carrés km²=kilomètre_carré/kilomètres_carrés"
)
_SCALES = {
    "mille": "mille", "million": "million de", "millions": "millions de", "M": "millions de",
    "milliard": "milliard de", "milliards": "milliards de",
}  # fmt: skip
_SYMBOLS = {
    "&": "et", "+": "plus", "=": "égale", "<": "inférieur à", ">": "supérieur à", "×": "fois",
    "÷": "divisé par", "@": "arobase", "%": "pour cent", "°": "degrés", "$": "dollars",
    "€": "euros",
}  # fmt: skip
_ABBREVIATIONS = {
    "m": "monsieur", "mm": "messieurs", "mme": "madame", "mlle": "mademoiselle", "dr": "docteur",
    "etc": "et cetera", "p.ex": "par exemple", "av": "avenue", "bd": "boulevard",
    "tél": "téléphone", "env": "environ",
}  # fmt: skip


class French(Romance):
    point, minus, plus, percent = "virgule", "moins", "plus", "pour cent"
    to, link, at, dot, slash = "à", "et", "arobase", "point", "barre"
    dash, underscore, number_sign, version = "tiret", "tiret bas", "numéro", "version"
    by = "sur"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _UNITS
    scales = _SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    ordinal_signs = ("ère", "ème", "er", "re", "nde", "nd", "e")
    first_day, of = "premier", ""

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        said = _cardinal(value)
        return f"{said}e" if is_feminine and said.split()[-1] == "un" else said

    def ordinal(self, value: int, sign: str = "") -> str:
        if value == 1:
            return "première" if sign in {"ère", "re"} else "premier"
        said = _cardinal(value).removesuffix("s") if value % 100 == 80 else _cardinal(value)
        for last, changed in (("cinq", "cinqu"), ("neuf", "neuv")):
            if said.endswith(last):
                return f"{said.removesuffix(last)}{changed}ième"
        return f"{said.removesuffix('e')}ième"

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        hours = f"{self.cardinal(hour, is_feminine=True)} heure{'s' if hour > 1 else ''}"
        return " ".join(
            part for part in (hours, _cardinal(minute) if minute else "", half_day) if part
        )

    def fraction(self, upper: int, lower: int) -> str:
        name = {2: "demi", 3: "tiers", 4: "quart"}.get(lower) or self.ordinal(lower)
        plural = "s" if upper > 1 and not name.endswith("s") else ""
        return f"{_cardinal(upper)} {name}{plural}"

    def mixed(self, whole: int, part: str) -> str:
        return f"{_cardinal(whole)} et {part.removeprefix('un ') if 'demi' in part else part}"


def _cardinal(value: int) -> str:
    if value < 17:
        return _SMALL.split()[value]
    if value < 100:
        return _below_hundred(value)
    if value < 1000:
        hundred, rest = divmod(value, 100)
        head = "cent" if hundred == 1 else f"{_cardinal(hundred)} cent"
        if not rest:
            return f"{head}s" if hundred > 1 else head
        return f"{head} {_cardinal(rest)}"
    if value < 10**6:
        many, rest = divmod(value, 1000)
        head = "mille" if many == 1 else f"{_cardinal(many).removesuffix('s')} mille"
        if many > 1 and not _cardinal(many).endswith(("cents", "vingts")):
            head = f"{_cardinal(many)} mille"
    else:
        names = ((10**12, "billion"), (10**9, "milliard"), (10**6, "million"))
        size, name = next(scale for scale in names if scale[0] <= value)
        many, rest = divmod(value, size)
        head = f"{_cardinal(many)} {name}{'s' if many > 1 else ''}"
    return f"{head} {_cardinal(rest)}" if rest else head


def _below_hundred(value: int) -> str:
    if value < 20:
        return f"dix {_cardinal(value - 10)}"
    if value >= 80:
        rest = value - 80
        return f"quatre vingt {_cardinal(rest)}" if rest else "quatre vingts"
    ten = min(value // 10, 6)
    rest = value - 10 * ten
    if not rest:
        return _TENS.split()[ten]
    return f"{_TENS.split()[ten]} {'et ' if rest in {1, 11} else ''}{_cardinal(rest)}"
