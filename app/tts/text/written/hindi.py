"""What Hindi says for figures and signs."""

from app.core.hindi import HINDI_BELOW_HUNDRED
from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.tongue import Currency, Figure, Noun, Tongue

_SCALES = (
    (10**13, "नील"), (10**11, "खरब"), (10**9, "अरब"), (10**7, "करोड़"), (10**5, "लाख"),
    (10**3, "हज़ार"), (10**2, "सौ"),
)  # fmt: skip
_MONTHS = "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"
_OTHER_MONTHS = {"फरवरी": 2, "सितम्बर": 9, "अक्तूबर": 10, "नवम्बर": 11, "दिसम्बर": 12}
_MONTH_NAMES = {
    month: number for number, month in enumerate(_MONTHS.split(), start=1)
} | _OTHER_MONTHS
_FIRST_ORDINALS = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}
_ENDINGS = {"वाँ": "ा", "वां": "ा", "वा": "ा", "वीं": "ी", "वी": "ी", "वें": "े", "वे": "े"}
_PAISA = Noun("पैसा", "पैसे")
_CENT = Noun("सेंट", "सेंट")
_RUPEE = Currency(Noun("रुपया", "रुपये"), _PAISA)
_DOLLAR = Currency(Noun("डॉलर", "डॉलर"), _CENT)
_EURO = Currency(Noun("यूरो", "यूरो"), _CENT)
_POUND = Currency(Noun("पाउंड", "पाउंड"), Noun("पेनी", "पेंस"))
_CURRENCIES = {
    "₹": _RUPEE, "Rs": _RUPEE, "Rs.": _RUPEE, "INR": _RUPEE, "रु.": _RUPEE, "रु": _RUPEE,
    "रू.": _RUPEE, "रू": _RUPEE, "$": _DOLLAR, "USD": _DOLLAR, "US$": _DOLLAR, "€": _EURO,
    "EUR": _EURO, "£": _POUND, "GBP": _POUND,
}  # fmt: skip
_UNIT_NAMES = {
    "km": "किलोमीटर", "किमी": "किलोमीटर", "कि.मी.": "किलोमीटर", "m": "मीटर", "मी": "मीटर",
    "cm": "सेंटीमीटर", "सेमी": "सेंटीमीटर", "mm": "मिलीमीटर", "मिमी": "मिलीमीटर",
    "kg": "किलोग्राम", "किग्रा": "किलोग्राम", "g": "ग्राम", "mg": "मिलीग्राम", "L": "लीटर",
    "ली": "लीटर", "ml": "मिलीलीटर", "मिली": "मिलीलीटर", "KB": "किलोबाइट", "MB": "मेगाबाइट",
    "GB": "गीगाबाइट", "TB": "टेराबाइट", "km/h": "किलोमीटर प्रति घंटा",
    "किमी/घंटा": "किलोमीटर प्रति घंटा", "kmph": "किलोमीटर प्रति घंटा", "°C": "डिग्री सेल्सियस",
    "°F": "डिग्री फ़ारेनहाइट", "°": "डिग्री", "Mbps": "मेगाबिट प्रति सेकंड", "W": "वॉट", "V": "वोल्ट",
    "kWh": "किलोवॉट घंटे", "Hz": "हर्ट्ज़", "MHz": "मेगाहर्ट्ज़", "GHz": "गीगाहर्ट्ज़", "km²": "वर्ग किलोमीटर",
    "m²": "वर्ग मीटर",
}  # fmt: skip
_UNITS = {sign: Noun(name, name) for sign, name in _UNIT_NAMES.items()}
_MONEY_SCALES = {
    "हज़ार": "हज़ार", "हजार": "हज़ार", "लाख": "लाख", "करोड़": "करोड़", "अरब": "अरब", "lakh": "लाख",
    "lakhs": "लाख", "crore": "करोड़", "crores": "करोड़", "Cr": "करोड़", "cr": "करोड़", "L": "लाख",
    "k": "हज़ार", "K": "हज़ार", "million": "मिलियन", "billion": "बिलियन", "मिलियन": "मिलियन",
}  # fmt: skip
_SYMBOLS = {
    "&": "और", "+": "प्लस", "=": "बराबर", "<": "से कम", ">": "से ज़्यादा", "×": "गुणा", "÷": "भाग",
    "±": "प्लस माइनस", "~": "लगभग", "@": "ऐट", "°": "डिग्री", "%": "प्रतिशत", "₹": "रुपये", "$": "डॉलर",
    "€": "यूरो", "£": "पाउंड", "→": "से",
}  # fmt: skip
_ABBREVIATIONS = {
    "डॉ": "डॉक्टर", "डा": "डॉक्टर", "प्रो": "प्रोफ़ेसर", "सं": "संख्या",
    "नं": "नंबर", "क्र": "क्रमांक", "पं": "पंडित",
    "स्व": "स्वर्गीय", "dr": "डॉक्टर", "mr": "मिस्टर", "mrs": "मिसेज़", "ई": "ईसवी",
}  # fmt: skip
_HALF_DAYS = {"am": "सुबह", "a.m": "सुबह", "pm": "pm", "p.m": "pm", "बजे": "बजे"}
_QUARTERS = {15: "सवा", 30: "साढ़े"}
_NIGHT_FROM, _EVENING_FROM = 8, 4


class Hindi(Tongue):
    point, minus, plus, percent = "दशमलव", "माइनस", "प्लस", "प्रतिशत"
    to, link, at, dot, slash = "से", "", "ऐट", "डॉट", "स्लैश"
    dash, underscore, number_sign, version = "डैश", "अंडरस्कोर", "नंबर", "वर्ज़न"
    by = "बाय"
    months = tuple(_MONTHS.split())
    month_names = _MONTH_NAMES
    currencies = _CURRENCIES
    units = _UNITS
    scales = _MONEY_SCALES
    symbols = _SYMBOLS
    abbreviations = _ABBREVIATIONS
    cues = vocabulary(
        "कोड पिन ओटीपी नंबर नम्बर खाता खाते अकाउंट मोबाइल फ़ोन फोन आधार pin otp code number account pnr"
    )
    half_days = _HALF_DAYS
    ordinal_signs = tuple(_ENDINGS)

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        if value < 100:
            return HINDI_BELOW_HUNDRED[value][0]
        size, name = next(scale for scale in _SCALES if scale[0] <= value)
        many, rest = divmod(value, size)
        said = f"{self.cardinal(many)} {name}"
        return f"{said} {self.cardinal(rest)}" if rest else said

    def ordinal(self, value: int, sign: str = "") -> str:
        if value in _FIRST_ORDINALS:
            return _FIRST_ORDINALS[value] + _ENDINGS.get(sign, "ा")
        return self.cardinal(value) + (sign or "वाँ")

    def year(self, value: int) -> str:
        century, rest = divmod(value, 100)
        if not 11 <= century < 20:
            return self.cardinal(value)
        said = f"{self.cardinal(century)} सौ"
        return f"{said} {self.cardinal(rest)}" if rest else said

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        time = self._time(hour, minute)
        if half_day == "pm":
            half_day = "रात" if _NIGHT_FROM <= hour < 12 else "शाम" if hour < 12 else "दोपहर"
            half_day = "दोपहर" if hour < _EVENING_FROM else half_day
        return time if half_day in {"", "बजे"} else f"{half_day} {time}"

    def date(self, day: int, month: int, year: int | None) -> str:
        said = f"{self.cardinal(day)} {self.months[month - 1]}"
        return f"{said} {self.year(year)}" if year else said

    def fraction(self, upper: int, lower: int) -> str:
        if (upper, lower) == (1, 2):
            return "आधा"
        part = {3: "तिहाई", 4: "चौथाई"}.get(lower)
        if part:
            return f"{self.cardinal(upper)} {part}"
        return f"{self.cardinal(upper)} बटा {self.cardinal(lower)}"

    def mixed(self, whole: int, part: str) -> str:
        if part == "आधा":
            return {1: "डेढ़", 2: "ढाई"}.get(whole) or f"साढ़े {self.cardinal(whole)}"
        if part == "एक चौथाई":
            return f"सवा {self.cardinal(whole)}"
        if part == "तीन चौथाई":
            return f"पौने {self.cardinal(whole + 1)}"
        return f"{self.cardinal(whole)} सही {part}"

    def scaled_money(self, figure: Figure, scale: str, currency: Currency) -> str:
        return f"{self.figure(figure)} {scale} {currency.whole.many}"

    def _time(self, hour: int, minute: int) -> str:
        if not minute:
            return f"{self.cardinal(hour)} बजे"
        if 0 < hour <= 12:
            if minute == 30 and hour < 3:
                return "डेढ़ बजे" if hour == 1 else "ढाई बजे"
            if minute in _QUARTERS:
                return f"{_QUARTERS[minute]} {self.cardinal(hour)} बजे"
            if minute == 45:
                return f"पौने {self.cardinal(hour % 12 + 1)} बजे"
        return f"{self.cardinal(hour)} बजकर {self.cardinal(minute)} मिनट"
