"""What Portuguese says for figures and signs, in Brazil."""

from app.tts.text.written.romance import Romance, currencies, months_by_name, units
from app.tts.text.written.tongue import Noun

_SMALL = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
    "dezesseis dezessete dezoito dezenove"
)
_TENS = "_ _ vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"
_HUNDREDS = (
    "_ cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"
)
_ORDINALS = "_ primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono"
_TENTHS = (
    "_ décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo "
    "nonagésimo"
)
_MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
_MONTH_NAMES = months_by_name(_MONTHS)
_CURRENCIES = currencies(
    "dollar=dólar/dólares euro=euro/euros pound=libra/libras* rupee=rupia/rupias* "
    "real=real/reais yen=iene/ienes franc=franco/francos penny=pêni/pence",
    Noun("centavo", "centavos"),
)
_UNITS = units(
    "km=quilômetro/quilômetros m=metro/metros cm=centímetro/centímetros mm=milímetro/milímetros "
    "kg=quilograma/quilogramas g=grama/gramas mg=miligrama/miligramas l=litro/litros "
    "L=litro/litros ml=mililitro/mililitros km/h=quilômetro_por_hora/quilômetros_por_hora "
    "°C=grau/graus °=grau/graus GB=gigabyte/gigabytes MB=megabyte/megabytes min=minuto/minutos "
    "m²=metro_quadrado/metros_quadrados km²=quilômetro_quadrado/quilômetros_quadrados"
)
_SCALES = {
    "mil": "mil", "milhão": "milhão de", "milhões": "milhões de", "mi": "milhões de",
    "bilhão": "bilhão de", "bilhões": "bilhões de", "bi": "bilhões de",
}  # fmt: skip
_SYMBOLS = {
    "&": "e", "+": "mais", "=": "igual a", "<": "menor que", ">": "maior que", "×": "vezes",
    "÷": "dividido por", "@": "arroba", "%": "por cento", "°": "graus", "$": "dólares",
    "€": "euros",
}  # fmt: skip
_ABBREVIATIONS = {
    "sr": "senhor", "sra": "senhora", "dr": "doutor", "dra": "doutora", "prof": "professor",
    "etc": "etcétera", "av": "avenida", "núm": "número", "pág": "página", "tel": "telefone",
    "p.ex": "por exemplo",
}  # fmt: skip
_FEMININE = {"um": "uma", "dois": "duas"}


class Portuguese(Romance):
    point, minus, plus, percent = "vírgula", "menos", "mais", "por cento"
    to, link, at, dot, slash = "a", "e", "arroba", "ponto", "barra"
    dash, underscore, number_sign, version = "hífen", "sublinhado", "número", "versão"
    by = "por"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _UNITS
    scales = _SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    first_day, of = "primeiro", "de"

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        said = _cardinal(value)
        if is_feminine:
            said = said.replace("entos", "entas")
            head, space, last = said.rpartition(" ")
            said = f"{head}{space}{_FEMININE.get(last, last)}"
        return said

    def ordinal(self, value: int, sign: str = "") -> str:
        if not 1 <= value < 100:
            return _cardinal(value)
        ten, unit = divmod(value, 10)
        names = [_TENTHS.split()[ten] if ten else "", _ORDINALS.split()[unit] if unit else ""]
        said = " ".join(name for name in names if name)
        return " ".join(f"{name[:-1]}a" for name in said.split()) if sign == "ª" else said

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        said = self.cardinal(hour, is_feminine=True)
        said += f" e {_cardinal(minute)}" if minute else " hora" + ("s" if hour != 1 else "")
        return f"{said} {half_day}".strip()

    def fraction(self, upper: int, lower: int) -> str:
        names = {2: "meio", 3: "terço"}
        name = names.get(lower) or (
            self.ordinal(lower) if lower <= 10 else f"{_cardinal(lower)} avos"
        )
        if (upper, lower) == (1, 2):
            return name
        return f"{_cardinal(upper)} {name}{'s' if upper > 1 and lower <= 10 else ''}"


def _cardinal(value: int) -> str:
    if value < 20:
        return _SMALL.split()[value]
    if value < 100:
        ten, unit = divmod(value, 10)
        return _TENS.split()[ten] + (f" e {_cardinal(unit)}" if unit else "")
    if value == 100:
        return "cem"
    if value < 1000:
        hundred, rest = divmod(value, 100)
        return _HUNDREDS.split()[hundred] + (f" e {_cardinal(rest)}" if rest else "")
    if value < 10**6:
        many, rest = divmod(value, 1000)
        head = "mil" if many == 1 else f"{_cardinal(many)} mil"
    else:
        names = (
            (10**12, "trilhão", "trilhões"), (10**9, "bilhão", "bilhões"),
            (10**6, "milhão", "milhões"),
        )  # fmt: skip
        size, one, more = next(scale for scale in names if scale[0] <= value)
        many, rest = divmod(value, size)
        head = f"{_cardinal(many)} {one if many == 1 else more}"
    if not rest:
        return head
    linked = rest <= 100 or (rest < 1000 and not rest % 100)
    return f"{head} {'e ' if linked else ''}{_cardinal(rest)}"
