"""What Spanish says for figures and signs."""

from app.tts.text.written.romance import Romance, currencies, months_by_name, units
from app.tts.text.written.tongue import Figure, Noun

_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve"
)
_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_HUNDREDS = (
    "_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos "
    "novecientos"
)
_ORDINALS = "_ primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo"
_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_MONTH_NAMES = months_by_name(_MONTHS)
_CURRENCIES = currencies(
    "dollar=dólar/dólares euro=euro/euros pound=libra/libras* rupee=rupia/rupias* "
    "real=real/reales yen=yen/yenes franc=franco/francos penny=penique/peniques",
    Noun("céntimo", "céntimos"),
)
_UNITS = units(
    "km=kilómetro/kilómetros m=metro/metros cm=centímetro/centímetros mm=milímetro/milímetros "
    "kg=kilogramo/kilogramos g=gramo/gramos mg=miligramo/miligramos l=litro/litros L=litro/litros "
    "ml=mililitro/mililitros km/h=kilómetro_por_hora/kilómetros_por_hora °C=grado/grados "
    "°=grado/grados GB=gigabyte/gigabytes MB=megabyte/megabytes h=hora/horas* min=minuto/minutos "
    "m²=metro_cuadrado/metros_cuadrados km²=kilómetro_cuadrado/kilómetros_cuadrados"
)
_SCALES = {"mil": "mil", "millón": "millón de", "millones": "millones de", "M": "millones de"}
_SYMBOLS = {
    "&": "y", "+": "más", "=": "igual a", "<": "menor que", ">": "mayor que", "×": "por",
    "÷": "entre", "@": "arroba", "%": "por ciento", "°": "grados", "$": "dólares", "€": "euros",
}  # fmt: skip
_ABBREVIATIONS = {
    "sr": "señor", "sra": "señora", "srta": "señorita", "dr": "doctor", "dra": "doctora",
    "ud": "usted", "uds": "ustedes", "etc": "etcétera", "p.ej": "por ejemplo", "av": "avenida",
    "núm": "número", "pág": "página", "tel": "teléfono", "ee.uu": "Estados Unidos",
}  # fmt: skip


class Spanish(Romance):
    point, minus, plus, percent = "coma", "menos", "más", "por ciento"
    to, link, at, dot, slash = "a", "con", "arroba", "punto", "barra"
    dash, underscore, number_sign, version = "guion", "guion bajo", "número", "versión"
    by = "por"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _UNITS
    scales = _SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    first_day, of = "primero", "de"

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        said = _cardinal(value)
        if is_feminine:
            said = said.replace("cientos", "cientas").replace("quinientos", "quinientas")
            said = f"{said[:-1]}a" if said.endswith("uno") else said
        return said

    def counted(self, figure: Figure, noun: Noun) -> str:
        said = self.figure(figure, is_feminine=noun.is_feminine)
        if not figure.fraction:
            said = _shortened(said)
        of = "de " if said.endswith(("millón", "millones")) else ""
        return f"{said} {of}{noun.one if figure.is_one else noun.many}"

    def ordinal(self, value: int, sign: str = "") -> str:
        if not 1 <= value <= 10:
            return _cardinal(value)
        said = _ORDINALS.split()[value]
        return f"{said[:-1]}a" if sign == "ª" else said

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        said = self.cardinal(hour, is_feminine=True)
        said += f" {_cardinal(minute)}" if minute else "" if half_day else " en punto"
        return f"{said} {half_day}".strip()

    def fraction(self, upper: int, lower: int) -> str:
        names = {2: "medio", 3: "tercio", 4: "cuarto"}
        name = names.get(lower) or (
            self.ordinal(lower) if lower <= 10 else f"{_cardinal(lower)}avo"
        )
        if (upper, lower) == (1, 2):
            return name
        return f"{_shortened(_cardinal(upper))} {name}{'s' if upper > 1 else ''}"

    def before_noun(self, said: str) -> str:
        return _shortened(said)

    def mixed(self, whole: int, part: str) -> str:
        return f"{_cardinal(whole)} y {part}"


def _cardinal(value: int) -> str:
    if value < 30:
        return _SMALL.split()[value]
    if value < 100:
        ten, unit = divmod(value, 10)
        return _TENS.split()[ten] + (f" y {_cardinal(unit)}" if unit else "")
    if value == 100:
        return "cien"
    if value < 1000:
        hundred, rest = divmod(value, 100)
        return _with_rest(_HUNDREDS.split()[hundred], rest)
    if value < 10**6:
        many, rest = divmod(value, 1000)
        return _with_rest("mil" if many == 1 else f"{_shortened(_cardinal(many))} mil", rest)
    size, one, more = (
        (10**12, "billón", "billones") if value >= 10**12 else (10**6, "millón", "millones")
    )
    many, rest = divmod(value, size)
    head = f"un {one}" if many == 1 else f"{_shortened(_cardinal(many))} {more}"
    return _with_rest(head, rest)


def _with_rest(head: str, rest: int) -> str:
    return f"{head} {_cardinal(rest)}" if rest else head


def _shortened(said: str) -> str:
    """As it stands before a noun."""
    if said.endswith("veintiuno"):
        return f"{said[:-3]}ún"
    return said[:-1] if said.endswith("uno") else said
