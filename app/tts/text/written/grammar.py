"""The rules from writing to words: what each shape of `shapes` says in a language."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from app.tts.text.written import links
from app.tts.text.written.said import Said, share
from app.tts.text.written.shapes import shapes
from app.tts.text.written.tongue import LARGEST, Figure, Tongue, read_figure

_MANY_FIGURES = 9
"""More without separators are a number of something, and said figure by figure."""
_VULGAR = {"¼": (1, 4), "½": (1, 2), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}
_PARTS = frozenset((*range(2, 11), 12, 16, 20, 32, 64, 100))
_SAID_WITHOUT_SLASH = frozenset(((24, 7), (9, 11), (50, 50), (20, 20)))
_FEW_FIGURES = 4
"""Fewer that stand behind letters are a number: MP3; others are said figure by figure."""
_CUE_REACH = 24
_CUE = re.compile(r"(?:[^\W\d_]|[\u0900-\u0963])+")
_EASTERN = r"\u3005\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(
    rf"[\u0900-\u0963\u0970-\u097f]{{1,50}}|[{_EASTERN}]{{1,50}}"
    rf"|[^\u0900-\u0963\u0970-\u097f{_EASTERN}]{{1,50}}"
)
_NOUN = re.compile(r"\s[^\W\d_]{3}")
_ROMAN = {"I": 1, "V": 5, "X": 10}
Match = re.Match[str]


def say(text: str, tongue: Tongue, begin: int = 0, end: int | None = None) -> Iterator[Said]:
    """The words and marks of one sentence, or of a part of it, in order."""
    rules = _rules(tongue)
    for match in shapes(tongue).finditer(text, begin, len(text) if end is None else end):
        yield from rules[match.lastgroup or ""](match)


@lru_cache(maxsize=16)
def _rules(tongue: Tongue) -> Mapping[str, Callable[[Match], list[Said]]]:
    return _Rules(tongue).by_shape()


class _Rules:
    def __init__(self, tongue: Tongue) -> None:
        self._tongue = tongue

    def by_shape(self) -> Mapping[str, Callable[[Match], list[Said]]]:
        words: dict[str, Callable[[Match], str]] = {
            "iso_date": self._iso_date,
            "slashed": self._slashed,
            "month_day": lambda found: self._date(found, "md"),
            "day_month": lambda found: self._date(found, "dm"),
            "month_year": self._month_year,
            "clock": self._clock,
            "hour": self._hour,
            "phone": self._groups,
            "card": self._groups,
            "dotted": self._dotted,
            "money": lambda found: self._money(found, "mn"),
            "money_after": lambda found: self._money(found, "ma"),
            "range": self._range,
            "percent": self._percent,
            "measure": self._measure,
            "dimension": lambda found: self._tongue.by if found["di"] == "x" else self._times(),
            "between": lambda _: self._tongue.to,
            "dot": lambda _: self._tongue.dot,
            "ordinal": self._ordinal,
            "decade": lambda found: self._tongue.decade(int(found["dc"])),
            "fraction": self._fraction,
            "number": self._number,
            "numbered": self._numbered,
            "figures": self._figures,
        }
        shared = {name: _shared(rule) for name, rule in words.items()}
        return shared | {
            "mail": self._mail,
            "link": self._link,
            "abbreviation": self._abbreviation,
            "roman": self._roman,
            "initials": _initials,
            "word": _word,
            "mark": _mark,
            "other": self._symbol,
        }

    def _mail(self, found: Match) -> list[Said]:
        return links.say_mail(found, self._tongue)

    def _link(self, found: Match) -> list[Said]:
        return links.say_link(found, self._tongue)

    def _figure(self, written: str) -> Figure:
        return read_figure(written, has_decimal_comma=self._tongue.has_decimal_comma)

    def _signed(self, minus: str, said: str) -> str:
        return f"{self._tongue.minus} {said}" if minus else said

    def _plain(self, digits: str) -> str:
        if len(digits) > _MANY_FIGURES or (digits[0] == "0" and len(digits) > 1):
            return self._in_groups(digits)
        return self._tongue.cardinal(int(digits))

    def _figures(self, found: Match) -> str:
        is_code = found.start() > 0 and found.string[found.start() - 1].isalpha()
        if is_code and len(found[0]) >= _FEW_FIGURES and self._tongue.has_spaces:
            return self._in_groups(found[0])
        return self._plain(found[0])

    def _times(self) -> str:
        return self._tongue.symbols["×"]

    def _in_groups(self, digits: str) -> str:
        """By threes or fours, as people say them."""
        size = 3 if len(digits) % 4 and not len(digits) % 3 else 4
        size = 5 if len(digits) == 10 else size
        pieces = [digits[at : at + size] for at in range(0, len(digits), size)]
        return ", ".join(self._tongue.digits(piece) for piece in pieces)

    def _groups(self, found: Match) -> str:
        said = ", ".join(self._tongue.digits(group) for group in re.findall(r"\d+", found[0]))
        return f"{self._tongue.plus} {said}" if found[0].startswith("+") else said

    def _iso_date(self, found: Match) -> str:
        day, month = int(found["iso_d"]), int(found["iso_m"])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return self._groups(found)
        return self._tongue.date(day, month, int(found["iso_y"]))

    def _slashed(self, found: Match) -> str:
        first, second, year = int(found["sl_a"]), int(found["sl_b"]), int(found["sl_y"])
        day, month = (second, first) if self._tongue.is_month_first else (first, second)
        if month > 12:
            day, month = month, day
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return self._groups(found)
        if year < 100:
            year += 2000 if year < 50 else 1900
        return self._tongue.date(day, month, year)

    def _date(self, found: Match, names: str) -> str:
        day, month = int(found[f"{names}_d"]), found[f"{names}_m"]
        year = found[f"{names}_y"]
        number = self._tongue.month_names[month.lower()]
        if not 1 <= day <= 31:
            return f"{self._tongue.months[number - 1]} {self._tongue.cardinal(day)}"
        return self._tongue.date(day, number, int(year) if year else None)

    def _month_year(self, found: Match) -> str:
        month = self._tongue.months[self._tongue.month_names[found["my_m"].lower()] - 1]
        return f"{month} {self._tongue.year(int(found['my_y']))}"

    def _clock(self, found: Match) -> str:
        half = self._tongue.half_days.get((found["ck_half"] or "").lower(), "")
        said = self._tongue.clock(int(found["ck_h"]), int(found["ck_m"]), half)
        seconds = found["ck_s"]
        return f"{said}, {self._tongue.cardinal(int(seconds))}" if seconds else said

    def _hour(self, found: Match) -> str:
        half = self._tongue.half_days[found["hr_half"].lower()]
        return self._tongue.clock(int(found["hr_h"]), 0, half)

    def _dotted(self, found: Match) -> str:
        numbers = [str(int(part)) for part in re.findall(r"\d+", found[0])]
        said = f" {self._tongue.point} ".join(self._tongue.cardinal(int(part)) for part in numbers)
        return f"{self._tongue.version} {said}" if found[0][0] in "vV" else said

    def _money(self, found: Match, names: str) -> str:
        figure = self._figure(found[f"{names}_n"])
        currency = self._tongue.currencies[found[f"{names}_c"]]
        scale = found[f"{names}_s"]
        if scale:
            said = self._tongue.scaled_money(figure, self._tongue.scales[scale], currency)
        else:
            said = self._tongue.money(figure, currency)
        return self._signed(found[f"{names}_m"], said)

    def _range(self, found: Match) -> str:
        first, second, unit = found["rg_a"], found["rg_b"], found["rg_u"]
        if _is_year(first) and _is_year(second):
            said = f"{self._tongue.year(int(first))} {self._tongue.to} "
            return said + self._tongue.year(int(second))
        figure = self._figure(second)
        said = f"{self._tongue.figure(self._figure(first))} {self._tongue.to} "
        if unit and unit != "%":
            return said + self._tongue.counted(figure, self._tongue.units[unit])
        said += self._tongue.figure(figure)
        return self._tongue.percentage(said) if "%" in found[0] else said

    def _percent(self, found: Match) -> str:
        said = self._tongue.figure(self._figure(found["pc_n"]))
        return self._signed(found["pc_m"], self._tongue.percentage(said))

    def _measure(self, found: Match) -> str:
        noun = self._tongue.units[found["ms_u"]]
        return self._signed(found["ms_m"], self._tongue.counted(self._figure(found["ms_n"]), noun))

    def _ordinal(self, found: Match) -> str:
        return self._tongue.ordinal(int(found["or_n"].replace(",", "")), found["or_s"])

    def _fraction(self, found: Match) -> str:
        whole = found["fr_w"] or found["fr_i"]
        if found["fr_v"]:
            upper, lower = _VULGAR[found["fr_v"]]
        else:
            upper, lower = int(found["fr_u"]), int(found["fr_l"])
            if lower not in _PARTS or (upper > lower and not whole):
                first, second = self._tongue.cardinal(upper), self._tongue.cardinal(lower)
                slash = "" if (upper, lower) in _SAID_WITHOUT_SLASH else self._tongue.slash
                return f"{first} {slash} {second}"
        part = self._tongue.fraction(upper, lower)
        return self._tongue.mixed(int(whole), part) if whole else part

    def _number(self, found: Match) -> str:
        written = found["nb_n"]
        figure = self._figure(written)
        if found["nb_k"]:
            return f"{self._tongue.figure(figure)} {self._tongue.scales['k']}"
        if written.isdigit() and self._is_cued(found):
            return self._in_groups(written) if len(written) > 6 else self._tongue.digits(written)
        if _is_year(written) and 1900 <= int(written) < 2100:
            return self._signed(found["nb_m"], self._tongue.year(int(written)))
        if written.isdigit() and not found["nb_m"]:
            said = self._plain(written)
            is_counting = _NOUN.match(found.string, found.end())
            return self._tongue.before_noun(said) if is_counting else said
        return self._signed(found["nb_m"], self._tongue.figure(figure))

    def _is_cued(self, found: Match) -> bool:
        if len(found["nb_n"]) < 3:
            return False
        before = found.string[max(0, found.start() - _CUE_REACH) : found.start()].lower()
        return not self._tongue.cues.isdisjoint(_CUE.findall(before))

    def _numbered(self, found: Match) -> str:
        number = int(found["no"])
        said = self._tongue.cardinal(number) if number < LARGEST else found["no"]
        return f"{self._tongue.number_sign} {said}"

    def _abbreviation(self, found: Match) -> list[Said]:
        written = (found["ab"] or "no").lower()
        following = found.string[found.end() :].lstrip()
        if written == "st":
            spoken = "saint" if following[:1].isupper() else "street"
        elif written == "no":
            spoken = self._tongue.number_sign
        else:
            spoken = self._tongue.abbreviations[written]
        return share(spoken, *found.span()) + _last_mark(found)

    def _roman(self, found: Match) -> list[Said]:
        """A number after "chapter" and its like, an ordinal after the name of a ruler."""
        name, numeral = found["rm_n"], found["rm"]
        begin = found.start("rm")
        value = _roman_value(numeral)
        spoken = (
            self._tongue.cardinal(value)
            if name.lower() in self._tongue.numbered
            else self._tongue.ruler(value)
        )
        return [Said(name, found.start(), found.end("rm_n")), *share(spoken, begin, found.end())]

    def _symbol(self, found: Match) -> list[Said]:
        if found[0] in "()[]":
            return [Said(",", *found.span(), is_mark=True)]
        return share(self._tongue.symbols.get(found[0], ""), *found.span())


def _is_year(written: str) -> bool:
    return len(written) == 4 and written.isdigit() and "1100" <= written < "2100"


def _shared(rule: Callable[[Match], str]) -> Callable[[Match], list[Said]]:
    return lambda found: share(rule(found), *found.span()) + _last_mark(found)


def _word(found: Match) -> list[Said]:
    """Cut where the script changes, and where it is longer than any word."""
    return [
        Said(piece[0], piece.start(), piece.end(), is_as_written=True)
        for piece in _PIECE.finditer(found.string, *found.span())
    ]


def _initials(found: Match) -> list[Said]:
    letters = found[0].removesuffix("'s").replace(".", "").upper()
    if found["in_s"]:
        return [Said(f"{letters}'s", *found.span())]
    return [Said(letters, *found.span(), is_spelled=True), *_last_mark(found)]


def _last_mark(found: Match) -> list[Said]:
    """A dot that ends an abbreviation ends the sentence too."""
    if found[0].endswith(".") and not found.string[found.end() :].strip():
        return [Said(".", found.end() - 1, found.end(), is_mark=True)]
    return []


def _roman_value(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _mark(found: Match) -> list[Said]:
    mark = found[0]
    if mark[0] == "." and len(mark) > 1:
        mark = "…"
    elif mark[0] in "-–—":
        mark = "—"
    return [Said(mark, *found.span(), is_mark=True)]
