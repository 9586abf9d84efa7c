"""What Chinese and Japanese say for figures and signs."""

from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.tongue import Currency, Noun, Tongue

_DIGITS = "零一二三四五六七八九"
_CHINESE_PLACES = ((10**12, "兆"), (10**8, "亿"), (10**4, "万"))
_JAPANESE_DIGITS = "ゼロ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュー"
_JAPANESE_PLACES = ((10**12, "チョー"), (10**8, "オク"), (10**4, "マン"))
_HUNDREDS = (
    "_ ヒャク ニヒャク サンビャク ヨンヒャク ゴヒャク ロッピャク ナナヒャク ハッピャク キューヒャク"
)
_THOUSANDS = "_ セン ニセン サンゼン ヨンセン ゴセン ロクセン ナナセン ハッセン キューセン"
_CURRENCY_SIGNS = {"$": "$", "USD": "$", "€": "€", "EUR": "€", "£": "£", "¥": "¥", "₹": "₹"}
_UNIT_SIGNS = ("km", "m", "cm", "mm", "kg", "g", "°C", "°", "km/h", "ml", "L", "GB", "MB")
_NO_MONTHS: dict[str, int] = {"\0": 1}
_NOTHING: dict[str, str] = {}


def _units(names: str) -> dict[str, Noun]:
    pairs = zip(_UNIT_SIGNS, names.split(), strict=True)
    return {sign: Noun(name, name) for sign, name in pairs}


def _currencies(names: dict[str, tuple[str, str]]) -> dict[str, Currency]:
    return {
        code: Currency(Noun(names[sign][0], names[sign][0]), Noun(names[sign][1], names[sign][1]))
        for code, sign in _CURRENCY_SIGNS.items()
    }


_CHINESE_CURRENCIES = _currencies(
    {"$": ("美元", "美分"), "€": ("欧元", "分"), "£": ("英镑", "便士"), "¥": ("元", "分"),
     "₹": ("卢比", "派士")}
)  # fmt: skip
_CHINESE_UNITS = _units("公里 米 厘米 毫米 公斤 克 摄氏度 度 公里每小时 毫升 升 吉字节 兆字节")
_CHINESE_SYMBOLS = {
    "+": "加", "=": "等于", "&": "和", "%": "百分号", "×": "乘", "@": "艾特", "<": "小于",
    ">": "大于",
}  # fmt: skip
_JAPANESE_CURRENCIES = _currencies(
    {"$": ("ドル", "セント"), "€": ("ユーロ", "セント"), "£": ("ポンド", "ペンス"),
     "¥": ("エン", "セン"), "₹": ("ルピー", "パイサ")}
)  # fmt: skip
_JAPANESE_UNITS = _units(
    "キロメートル メートル センチ ミリ キログラム グラム ド ド キロメートル ミリリットル "
    "リットル ギガバイト メガバイト"
) | {
    sign: Noun(name, name)
    for sign, name in {
        "年": "ネン", "月": "ガツ", "日": "ニチ", "時": "ジ", "分": "フン", "秒": "ビョー",
        "人": "ニン", "円": "エン", "個": "コ", "回": "カイ", "本": "ホン", "歳": "サイ",
        "階": "カイ", "番": "バン", "度": "ド", "点": "テン", "枚": "マイ", "台": "ダイ",
        "名": "メイ", "万円": "マンエン",
    }.items()
}  # fmt: skip
_JAPANESE_SYMBOLS = {
    "+": "プラス", "=": "イコール", "&": "アンド", "%": "パーセント", "×": "カケル",
    "@": "アットマーク",
}  # fmt: skip


class _Eastern(Tongue):
    has_spaces = False
    link = ""
    month_names = _NO_MONTHS
    months = ()
    scales = _NOTHING
    abbreviations = _NOTHING
    half_days = _NOTHING
    cues = vocabulary("")
    ordinal_signs = ()
    year_sign: str
    month_sign: str
    day_sign: str
    hour_sign: str
    minute_sign: str

    def ordinal(self, value: int, sign: str = "") -> str:
        return self.cardinal(value)

    def clock(self, hour: int, minute: int, half_day: str) -> str:
        said = f"{self.cardinal(hour)} {self.hour_sign}"
        return f"{said} {self.cardinal(minute)} {self.minute_sign}" if minute else said

    def date(self, day: int, month: int, year: int | None) -> str:
        said = f"{self.cardinal(month)} {self.month_sign} {self.cardinal(day)} {self.day_sign}"
        return f"{self.year(year)} {self.year_sign} {said}" if year else said


class Chinese(_Eastern):
    point, minus, plus, percent = "点", "负", "加", "百分号"
    to, at, dot, slash = "到", "艾特", "点", "斜杠"
    by = "乘"
    dash, underscore, number_sign, version = "杠", "下划线", "第", "版本"
    year_sign, month_sign, day_sign, hour_sign, minute_sign = "年", "月", "日", "点", "分"
    currencies = _CHINESE_CURRENCIES
    units = _CHINESE_UNITS
    symbols = _CHINESE_SYMBOLS

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        return _chinese(value)

    def percentage(self, said: str) -> str:
        return f"百分之{said}"

    def year(self, value: int) -> str:
        return "".join(_DIGITS[int(figure)] for figure in str(value))

    def fraction(self, upper: int, lower: int) -> str:
        return f"{_chinese(lower)}分之{_chinese(upper)}"


class Japanese(_Eastern):
    point, minus, plus, percent = "テン", "マイナス", "プラス", "パーセント"
    to, at, dot, slash = "カラ", "アットマーク", "ドット", "スラッシュ"
    by = "カケル"
    dash, underscore, number_sign, version = "ハイフン", "アンダーバー", "ナンバー", "バージョン"
    year_sign, month_sign, day_sign, hour_sign, minute_sign = "ネン", "ガツ", "ニチ", "ジ", "フン"
    currencies = _JAPANESE_CURRENCIES
    units = _JAPANESE_UNITS
    symbols = _JAPANESE_SYMBOLS

    def cardinal(self, value: int, *, is_feminine: bool = False, is_indian: bool = False) -> str:
        return _japanese(value) or "ゼロ"

    def fraction(self, upper: int, lower: int) -> str:
        return f"{_japanese(lower)} ブンノ {_japanese(upper)}"


def _chinese(value: int) -> str:
    for size, name in _CHINESE_PLACES:
        if value >= size:
            many, rest = divmod(value, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{_chinese(many)}{name}{gap}{_chinese(rest) if rest else ''}"
    said, is_gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = value // size % 10
        if figure:
            said += ("零" if is_gap and said else "") + _DIGITS[figure] + name
        is_gap = not figure
    return (said[1:] if 10 <= value < 20 else said) or "零"


def _japanese(value: int) -> str:
    for size, name in _JAPANESE_PLACES:
        if value >= size:
            many, rest = divmod(value, size)
            return f"{_japanese(many)}{name}{_japanese(rest)}"
    tens = value // 10 % 10
    digits = ["", *_JAPANESE_DIGITS.split()[1:]]
    said = ["", *_THOUSANDS.split()[1:]][value // 1000]
    said += ["", *_HUNDREDS.split()[1:]][value // 100 % 10]
    said += ("ジュー" if tens == 1 else f"{digits[tens]}ジュー") if tens else ""
    return said + digits[value % 10]
