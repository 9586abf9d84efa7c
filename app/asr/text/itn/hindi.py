"""Hindi in Devanagari and in Latin letters, with the English words that its speakers mix in."""

from decimal import Decimal

from app.asr.text.folding import fold
from app.asr.text.itn import english
from app.asr.text.itn.lexicon import DOLLAR, EURO, RUPEE, Lexicon, Subunit
from app.core.hindi import HINDI_BELOW_HUNDRED

_ROMAN = {
    "shunya": 0, "ek": 1, "do": 2, "teen": 3, "char": 4, "chaar": 4, "paanch": 5, "panch": 5,
    "chhe": 6,
    "chah": 6, "saat": 7, "aath": 8, "nau": 9, "das": 10, "gyarah": 11, "barah": 12, "terah": 13,
    "chaudah": 14, "pandrah": 15, "solah": 16, "satrah": 17, "atharah": 18, "unnis": 19,
    "bees": 20, "pachees": 25, "pachis": 25, "tees": 30, "chalis": 40, "chaalis": 40,
    "pachas": 50, "pachaas": 50, "sattar": 70, "assi": 80, "nabbe": 90,
    "ikkees": 21, "ikkis": 21, "baees": 22, "bais": 22, "teis": 23, "chaubees": 24, "chaubis": 24,
    "chhabbees": 26, "chhabbis": 26, "sattais": 27, "atthais": 28, "untees": 29, "battees": 32,
    "paintees": 35, "chhattees": 36, "bayalis": 42, "paintalis": 45, "pachpan": 55, "painsath": 65,
    "pachattar": 75, "pachasi": 85, "pachanve": 95, "ninyanve": 99,
}  # fmt: skip
_LOANED_DIGITS = "ज़ीरो वन टू थ्री फ़ोर फाइव सिक्स सेवन एट नाइन"
_SCALES = {
    "हज़ार": 10**3, "hazaar": 10**3, "hazar": 10**3, "hajar": 10**3,
    "लाख": 10**5, "करोड़": 10**7, "karod": 10**7, "अरब": 10**9, "खरब": 10**11,
}  # fmt: skip
_KEPT_SCALES = ("लाख", "करोड़", "अरब", "खरब")
_MONTHS = (
    "जनवरी फ़रवरी/फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर दिसंबर/दिसम्बर"
)
_UNITS = (
    "किलोमीटर मीटर सेंटीमीटर मिलीमीटर किलोग्राम किलो ग्राम लीटर मिलीलीटर मील फुट फीट इंच डिग्री एकड़ टन "
    "क्विंटल बीघा गज"
)
_RUPEES = "रुपये रुपए रुपया रुपयों रुपयो रूपये रूपए रूपया रूपयों"
_TIME_UNITS = "सेकंड मिनट घंटा घंटे घंटों दिन दिनों हफ्ता हफ्ते महीना महीने महीनों साल सालों वर्ष वर्षों"
_CODE_CUES = "कोड पिन ओटीपी नंबर नम्बर खाता अकाउंट pin otp code number"


def _keyed(text: str) -> dict[str, str]:
    return {fold(word): word for word in text.split()}


def _below_hundred() -> dict[str, int]:
    values = {
        fold(spelling): value
        for value, spellings in enumerate(HINDI_BELOW_HUNDRED)
        for spelling in spellings
    }
    return values | _ROMAN


def _months() -> dict[str, str]:
    return {
        fold(spelling): spellings.partition("/")[0]
        for spellings in _MONTHS.split()
        for spelling in spellings.split("/")
    }


def _digit_words(values: dict[str, int]) -> dict[str, str]:
    loaned = {fold(word): str(value) for value, word in enumerate(_LOANED_DIGITS.split())}
    return loaned | {word: str(value) for word, value in values.items() if value < 10}


def hindi() -> Lexicon:
    base = english.english()
    values = _below_hundred()
    halves = {
        "साढ़े": ".5",
        "सवा": ".25",
        "पौने": "-.25",
        "sadhe": ".5",
        "saadhe": ".5",
        "sava": ".25",
    }
    wholes = {"डेढ़": "1.5", "ढाई": "2.5", "अढ़ाई": "2.5", "dedh": "1.5", "dhai": "2.5"}
    suffixes = ("वाँ", "वां", "वीं", "वी", "वें", "वे", "वा")
    rupees = dict.fromkeys((*_keyed(_RUPEES), "rupaye", "rupaiya", "rupay"), RUPEE)
    return Lexicon(
        is_indian=True,
        below_hundred={**base.below_hundred, **values},
        tens=base.tens,
        hundreds=base.hundreds | {"सौ", "sau"},
        scales={**base.scales, **{fold(word): size for word, size in _SCALES.items()}},
        kept_scales={**base.kept_scales, **{fold(word): word for word in _KEPT_SCALES}}
        | {"karod": "karod"},
        digit_words={**base.digit_words, **_digit_words(values)},
        repeats={**base.repeats, "डबल": 2, "ट्रिपल": 3},
        ordinals=base.ordinals,
        ordinal_suffixes={fold(suffix): suffix for suffix in suffixes},
        additions={fold(word): Decimal(value) for word, value in halves.items()},
        wholes={fold(word): Decimal(value) for word, value in wholes.items()},
        points=base.points | set(_keyed("दशमलव पॉइंट पॉइन्ट प्वाइंट")),
        minuses=base.minuses | set(_keyed("माइनस ऋण")),
        ands=base.ands,
        percents=base.percents | set(_keyed("प्रतिशत फ़ीसदी परसेंट पर्सेंट pratishat")),
        currencies={**base.currencies, **rupees, fold("डॉलर"): DOLLAR, fold("यूरो"): EURO},
        subunits={**base.subunits, fold("पैसे"): Subunit(RUPEE), fold("पैसा"): Subunit(RUPEE)},
        units={**base.units, **_keyed(_UNITS)},
        time_units=base.time_units | set(_keyed(_TIME_UNITS)),
        months={**base.months, **_months()},
        code_cues=base.code_cues | set(_keyed(_CODE_CUES)),
        joiners=base.joiners | {"से", "या", "se", "ya"},
        idioms=base.idioms,
    )
