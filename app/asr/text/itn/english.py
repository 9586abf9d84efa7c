"""English, as it is spoken in the United States, Britain and India."""

from app.asr.text.folding import vocabulary
from app.asr.text.itn.lexicon import (
    DOLLAR,
    EURO,
    MONTHS,
    POUND,
    RUPEE,
    Currency,
    Lexicon,
    Subunit,
)

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"

BELOW_HUNDRED = {word: value for value, word in enumerate(_BELOW_TWENTY.split())}
TENS_VALUES = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)} | {
    "fourty": 40
}
SCALES = {
    "thousand": 10**3,
    "lakh": 10**5,
    "lakhs": 10**5,
    "lac": 10**5,
    "lacs": 10**5,
    "million": 10**6,
    "crore": 10**7,
    "crores": 10**7,
    "billion": 10**9,
    "trillion": 10**12,
}
KEPT_SCALES = {
    "lakh": "lakh",
    "lakhs": "lakh",
    "lac": "lakh",
    "lacs": "lakh",
    "million": "million",
    "crore": "crore",
    "crores": "crore",
    "billion": "billion",
    "trillion": "trillion",
}
DIGIT_WORDS = {word: str(value) for value, word in enumerate(_BELOW_TWENTY.split()[:10])} | {
    "oh": "0",
    "o": "0",
}
CURRENCIES = {
    "dollar": DOLLAR,
    "dollars": DOLLAR,
    "euro": EURO,
    "euros": EURO,
    "rupee": RUPEE,
    "rupees": RUPEE,
    "rupaye": RUPEE,
    "rs": RUPEE,
    "pounds sterling": POUND,
    "yen": Currency("¥"),
}
SUBUNITS = {
    "cent": Subunit(DOLLAR),
    "cents": Subunit(DOLLAR),
    "paise": Subunit(RUPEE),
    "paisa": Subunit(RUPEE),
}


def _units() -> dict[str, str]:
    """Those with a sign; miles, feet and pounds are counted like any noun."""
    metric = {
        "kilometer": "km", "kilometre": "km", "meter": "m", "metre": "m", "centimeter": "cm",
        "centimetre": "cm", "millimeter": "mm", "millimetre": "mm", "kilogram": "kg", "kilo": "kg",
        "gram": "g", "milligram": "mg", "liter": "L", "litre": "L", "milliliter": "ml",
        "millilitre": "ml", "kilobyte": "KB", "megabyte": "MB", "gigabyte": "GB",
        "terabyte": "TB", "hertz": "Hz", "kilohertz": "kHz", "megahertz": "MHz",
        "gigahertz": "GHz", "kilowatt": "kW", "megawatt": "MW", "volt": "V",
        "milliamp": "mA", "megabit": "Mb",
    }  # fmt: skip
    units = {name: sign for word, sign in metric.items() for name in (word, word + "s")}
    units |= {"km": "km", "kg": "kg", "gb": "GB", "mb": "MB"}
    per_hour = {f"{word} per hour": f"{units[word]}/h" for word in ("kilometers", "kilometres")}
    squares = {f"square {word}": f"{units[word]}²" for word in ("meters", "metres", "kilometers")}
    degrees = {
        "degrees celsius": "°C",
        "degrees centigrade": "°C",
        "degrees fahrenheit": "°F",
        "degree celsius": "°C",
        "degree fahrenheit": "°F",
    }
    return units | per_hour | squares | degrees | {"miles per hour": "mph"}


UNITS = _units()
MONTH_NAMES = {month.lower(): month for month in MONTHS}
CODE_CUES = vocabulary(
    "code codes pin otp number extension ext room flight zip cvv cvc digits id account card area "
    "order gate bus route dial press ending password passcode token ticket reference"
)
IDIOMS = {
    ("twenty", "four", "seven"): "24/7",
    ("fifty", "fifty"): "50/50",
    ("twenty", "twenty", "vision"): "20/20 vision",
    ("nine", "one", "one"): "911",
    ("nine", "eleven"): "9/11",
}


def english() -> Lexicon:
    ordinals = {word: value for value, word in enumerate(_ORDINALS.split()) if value}
    tenths = {word: 10 * value for value, word in enumerate(_TENTHS.split(), start=2)}
    return Lexicon(
        is_indian=False,
        below_hundred=BELOW_HUNDRED,
        tens=TENS_VALUES,
        hundreds=frozenset(("hundred",)),
        scales=SCALES,
        kept_scales=KEPT_SCALES,
        digit_words=DIGIT_WORDS,
        repeats={"double": 2, "triple": 3},
        ordinals=ordinals | tenths | {"hundredth": 100, "thousandth": 1000},
        ordinal_suffixes={},
        additions={},
        wholes={},
        points=frozenset(("point",)),
        minuses=frozenset(("minus", "negative")),
        ands=frozenset(("and",)),
        percents=frozenset(("percent", "per cent")),
        currencies=CURRENCIES,
        subunits=SUBUNITS,
        units=UNITS,
        time_units=vocabulary(
            "second seconds minute minutes hour hours day days week weeks month months year years"
        ),
        months=MONTH_NAMES,
        code_cues=CODE_CUES,
        joiners=frozenset(("to", "or", "through", "minus", "plus", "times", "out of")),
        idioms=IDIOMS,
    )
