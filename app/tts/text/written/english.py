"""What English says for figures and signs, in the United States, Britain and India."""

from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.tongue import Currency, Noun, Tongue

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL, _TEN = _BELOW_TWENTY.split(), _TENS.split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_INDIAN_SCALES = ((10**7, "crore"), (10**5, "lakh"), (10**3, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_MONTHS = "January February March April May June July August September October November December"
_CENT = Noun("cent", "cents")
_DOLLAR = Currency(Noun("dollar", "dollars"), _CENT)
_RUPEE = Currency(Noun("rupee", "rupees"), Noun("paisa", "paise"))
_EURO = Currency(Noun("euro", "euros"), _CENT)
_POUND = Currency(Noun("pound", "pounds"), Noun("penny", "pence"))
_YEN = Currency(Noun("yen", "yen"), Noun("sen", "sen"))
_YUAN = Currency(Noun("yuan", "yuan"), Noun("fen", "fen"))
_DIRHAM = Currency(Noun("dirham", "dirhams"), Noun("fils", "fils"))


def _of(name: str, part: Noun = _CENT) -> Currency:
    return Currency(Noun(name, f"{name}s"), part)


_METRIC = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram",
    "g": "gram", "mg": "milligram", "L": "liter", "l": "liter", "ml": "milliliter",
    "mL": "milliliter", "KB": "kilobyte", "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte",
    "TB": "terabyte", "kW": "kilowatt", "MW": "megawatt", "kWh": "kilowatt hour", "W": "watt",
    "V": "volt", "mA": "milliamp", "mAh": "milliamp hour", "dB": "decibel", "ms": "millisecond",
    "sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour",
    "hrs": "hour", "h": "hour", "yr": "year", "yrs": "year", "lb": "pound", "lbs": "pound",
    "oz": "ounce", "mi": "mile", "yd": "yard", "gal": "gallon", "px": "pixel", "ha": "hectare",
}  # fmt: skip


def _units() -> dict[str, Noun]:
    units = {sign: Noun(name, f"{name}s") for sign, name in _METRIC.items()}
    for sign, noun in (("km", "kilometer"), ("m", "meter"), ("cm", "centimeter"), ("ft", "foot")):
        many = "feet" if sign == "ft" else f"{noun}s"
        units[f"{sign}²"] = Noun(f"square {noun}", f"square {many}")
        units[f"{sign}³"] = Noun(f"cubic {noun}", f"cubic {many}")
    hertz = {"Hz": "", "kHz": "kilo", "MHz": "mega", "GHz": "giga"}
    return units | {
        **{sign: Noun(f"{prefix}hertz", f"{prefix}hertz") for sign, prefix in hertz.items()},
        **{f"{sign}/s": Noun(f"{name} per second", f"{name}s per second")
           for sign, name in (("m", "meter"), ("MB", "megabyte"), ("GB", "gigabyte"))},
        "km/h": Noun("kilometer per hour", "kilometers per hour"),
        "kmph": Noun("kilometer per hour", "kilometers per hour"),
        "kph": Noun("kilometer per hour", "kilometers per hour"),
        "mph": Noun("mile per hour", "miles per hour"),
        "Mbps": Noun("megabit per second", "megabits per second"),
        "Gbps": Noun("gigabit per second", "gigabits per second"),
        "ft": Noun("foot", "feet"), "sq ft": Noun("square foot", "square feet"),
        "sq.ft": Noun("square foot", "square feet"), "in": Noun("inch", "inches"),
        "°C": Noun("degree Celsius", "degrees Celsius"),
        "°F": Noun("degree Fahrenheit", "degrees Fahrenheit"),
        "°": Noun("degree", "degrees"), "°N": Noun("degree north", "degrees north"),
    }  # fmt: skip


_ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "prof": "professor",
    "rev": "reverend", "hon": "honorable", "gen": "general", "capt": "captain",
    "lt": "lieutenant", "sgt": "sergeant", "col": "colonel", "gov": "governor", "sen": "senator",
    "rep": "representative", "jr": "junior", "sr": "senior", "smt": "shreemati", "shri": "shree",
    "vs": "versus", "etc": "et cetera", "approx": "approximately", "dept": "department",
    "govt": "government", "est": "established", "ave": "avenue", "blvd": "boulevard",
    "rd": "road", "apt": "apartment", "ext": "extension", "inc": "incorporated",
    "ltd": "limited", "pvt": "private", "co": "company", "corp": "corporation",
    "bros": "brothers", "e.g": "for example", "i.e": "that is", "eg": "for example",
    "ie": "that is", "cf": "compare", "viz": "namely", "fig": "figure", "vol": "volume",
    "ch": "chapter", "pp": "pages", "misc": "miscellaneous", "max": "maximum", "min": "minimum",
    "w/o": "without", "a.k.a": "also known as", "mt": "mount", "tel": "telephone",
    "p.s": "P S", "ph.d": "P H D", "a.m": "A M", "p.m": "P M",
}  # fmt: skip
_CUES = vocabulary(
    "code codes pin otp cvv cvc extension ext flight zip pincode account passcode password "
    "passport digits upi aadhaar pan ifsc phone mobile number ending reference ticket room"
)

_MONTH_NAMES = {
    name: number
    for number, month in enumerate(_MONTHS.split(), start=1)
    for name in {month.lower(), month[:3].lower(), "sept" if number == 9 else month.lower()}
}
_CURRENCIES = {
    "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "₹": _RUPEE, "Rs": _RUPEE, "Rs.": _RUPEE,
    "INR": _RUPEE, "€": _EURO, "EUR": _EURO, "£": _POUND, "GBP": _POUND, "¥": _YEN,
    "JPY": _YEN, "CNY": _YUAN, "RMB": _YUAN, "AED": _DIRHAM, "SGD": _of("Singapore dollar"),
    "AUD": _of("Australian dollar"), "CAD": _of("Canadian dollar"), "CHF": _of("Swiss franc"),
    "A$": _of("Australian dollar"), "C$": _of("Canadian dollar"), "¢": Currency(_CENT, _CENT),
    "₩": Currency(Noun("won", "won"), _CENT), "₽": _of("ruble"),
}  # fmt: skip
_MONEY_SCALES = {
    "k": "thousand", "K": "thousand", "M": "million", "mn": "million", "m": "million",
    "B": "billion", "bn": "billion", "T": "trillion", "tn": "trillion", "cr": "crore",
    "Cr": "crore", "L": "lakh", "thousand": "thousand", "million": "million",
    "billion": "billion", "trillion": "trillion", "lakh": "lakh", "lakhs": "lakh",
    "lac": "lakh", "lacs": "lakh", "crore": "crore", "crores": "crore", "Lakh": "lakh",
    "Crore": "crore", "Million": "million", "Billion": "billion",
}  # fmt: skip
_SYMBOLS = {
    "&": "and", "+": "plus", "=": "equals", "<": "less than", ">": "greater than", "×": "times",
    "÷": "divided by", "±": "plus or minus", "~": "about", "≈": "about", "≤": "at most",
    "≥": "at least", "≠": "is not", "→": "to", "°": "degrees", "@": "at", "©": "copyright",
    "®": "registered", "™": "trademark", "%": "percent", "$": "dollars", "€": "euros",
    "£": "pounds", "₹": "rupees", "²": "squared", "³": "cubed", "√": "square root of",
    "∞": "infinity", "№": "number",
}  # fmt: skip
_HALF_DAYS = {"am": "AM", "a.m": "AM", "pm": "PM", "p.m": "PM"}
_NUMBERED = vocabulary(
    "chapter part volume war act section phase type class level grade book appendix stage article "
    "table figure unit"
)
_RULERS = vocabulary(
    "henry louis george charles edward elizabeth james william richard philip john paul pius leo "
    "benedict napoleon catherine peter nicholas alexander francis gregory clement innocent urban"
)


class English(Tongue):
    point, minus, plus, percent = "point", "minus", "plus", "percent"
    to, link, at, dot, slash = "to", "and", "at", "dot", "slash"
    dash, underscore, number_sign, version = "dash", "underscore", "number", "version"
    by = "by"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _units()
    scales = _MONEY_SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    cues = _CUES
    half_days = _HALF_DAYS
    numbered, rulers = _NUMBERED, _RULERS
    ordinal_signs = ("st", "nd", "rd", "th")

    def __init__(
        self,
        *,
        is_month_first: bool = False,
        is_indian: bool = False,
        says_hundreds: bool = False,
    ) -> None:
        self.is_month_first = is_month_first
        self._says_hundreds = says_hundreds
        self._is_indian = is_indian

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        hundreds, rest = divmod(value, 100)
        if self._says_hundreds and not rest and 10 < hundreds < 100 and hundreds % 10:
            return f"{_cardinal(hundreds)} hundred"
        return _cardinal(value, is_indian=is_indian or self._is_indian)

    def ordinal(self, value: int, sign: str = "") -> str:
        head, space, last = self.cardinal(value).rpartition(" ")
        if last in _ORDINALS:
            return f"{head}{space}{_ORDINALS[last]}"
        return f"{head}{space}{last[:-1]}ieth" if last.endswith("y") else f"{head}{space}{last}th"

    def year(self, value: int) -> str:
        century, rest = divmod(value, 100)
        if not 10 < century < 100 or 2000 <= value < 2010:
            return _cardinal(value)
        if not rest:
            return f"{_cardinal(century)} hundred" if century % 10 else _cardinal(value)
        return f"{_cardinal(century)} {'oh ' if rest < 10 else ''}{_cardinal(rest)}"

    def ruler(self, value: int) -> str:
        return f"the {self.ordinal(value)}"

    def mixed(self, whole: int, part: str) -> str:
        return f"{self.cardinal(whole)} and {'a half' if part == 'half' else part}"

    def decade(self, value: int) -> str:
        head, space, last = (self.year(value) if value > 99 else self.cardinal(value)).rpartition(
            " "
        )
        return f"{head}{space}{last[:-1]}ies" if last.endswith("y") else f"{head}{space}{last}s"

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        said = self.cardinal(hour)
        if minute:
            said += f" {'oh ' if minute < 10 else ''}{self.cardinal(minute)}"
        elif not half_day:
            said += " o'clock" if 0 < hour <= 12 else " hundred" if hour else " hours"
        return f"{said} {half_day}" if half_day else said

    def date(self, day: int, month: int, year: int | None) -> str:
        name = self.months[month - 1]
        ending = "" if year is None else f", {self.year(year)}"
        if self.is_month_first:
            return f"{name} {self.ordinal(day)}{ending}"
        return f"{self.ordinal(day)} of {name}{ending}"

    def fraction(self, upper: int, lower: int) -> str:
        if lower == 2:
            return "half" if upper == 1 else f"{self.cardinal(upper)} halves"
        part = "quarter" if lower == 4 else self.ordinal(lower)
        if upper == 1:
            return f"one {part}"
        return f"{self.cardinal(upper)} {part}s"


def _cardinal(value: int, *, is_indian: bool = False) -> str:
    if value < 20:
        return _SMALL[value]
    if value < 100:
        ten, unit = divmod(value, 10)
        return f"{_TEN[ten]} {_SMALL[unit]}" if unit else _TEN[ten]
    if value < 1000:
        size, name = 100, "hundred"
    else:
        scales = _INDIAN_SCALES if is_indian else _SCALES
        size, name = next(scale for scale in scales if scale[0] <= value)
    many, rest = divmod(value, size)
    said = f"{_cardinal(many, is_indian=is_indian)} {name}"
    return f"{said} {_cardinal(rest, is_indian=is_indian)}" if rest else said
