"""What stands in a text and is no plain word, as one regular expression for each language.

Repetitions are bounded, and an alternative begins where no word or figure is cut.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from app.tts.text.written.tongue import Tongue

_W = r"\w\u0900-\u0963"
"""Part of a word; the vowel signs of Devanagari are none for `\\w`."""
_LETTER = r"(?:[^\W\d_²³¼½¾⅓⅔⅛]|[\u0900-\u0963])"
_FREE = rf"(?<![{_W}.,])"
_END = rf"(?![{_W}])"
_WHOLE = rf"(?![{_W}]|[.,:/]\d)"
_MINUS = r"(?:(?<![\w)])-(?=\S))?"
_HOST = (
    r"(?:[A-Za-z0-9-]{1,63}\.){1,6}(?:com|org|net|edu|gov|info|io|ai|dev|app|me|co|in|uk|us|eu|fr"
    r"|es|it|de|br|pt|jp|cn|nl|ch|biz|tv)\b(?![@-])"
)
_LONG_LINK = r"[^\s<>\"']{1,300}[A-Za-z0-9/_=-]"
_PATH = r"(?:[/?\#][A-Za-z0-9%&=?/_.~\#+:-]{0,200}[A-Za-z0-9/_=-]|/)?"
_POINTED = r"\d{1,3}(?:,\d{2,3}){0,6},\d{3}(?!\d)(?:\.\d{1,40})?|\d+(?:\.\d{1,40})?|\.\d{1,40}"
_COMMAED = r"\d{1,3}(?:[.\u00a0\u202f ]\d{3}){1,6}(?!\d)(?:,\d{1,40})?|\d+(?:[.,]\d{1,40})?"
_LINKS = {
    "mail": rf"(?<![\w.+-])[A-Za-z0-9][\w.+-]{{0,63}}@{_HOST}",
    "link": rf"\b(?i:https?://){_LONG_LINK}|\bwww\.{_LONG_LINK}|(?<![\w@.-])(?i:{_HOST}){_PATH}",
}
_DIGITS = {
    "iso_date": rf"(?<![\w-])(?P<iso_y>[12]\d{{3}})-(?P<iso_m>\d\d?)-(?P<iso_d>\d\d?)"
    rf"(?:T(?=\d\d:)|(?![{_W}-]))",
    "slashed": r"(?<![\w/.])(?P<sl_a>\d\d?)(?P<sl_s>[/.-])(?P<sl_b>\d\d?)(?P=sl_s)"
    rf"(?P<sl_y>\d{{4}}|\d\d)(?![{_W}/-])",
    "phone": rf"{_FREE}(?:\+\d{{1,3}}[ .-]?(?:\(\d{{1,4}}\)[ .-]?)?\d{{2,5}}"
    r"(?:[ .-]?\d{2,5}){1,4}"
    r"|\(\d{2,4}\)[ .-]?\d{3,4}[ .-]\d{3,4}|0\d{1,4}[ -]\d{3,4}[ -]\d{4}"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4}|\d{3}-\d{4}|\d{5}[ -]\d{5}"
    rf"|1[ -]?800(?:[ -]\d{{2,4}}){{2,3}})(?![{_W}-]|[.,]\d)",
    "card": rf"{_FREE}(?:\d{{4}}[ -]){{2,3}}\d{{1,4}}(?![{_W}-]|[.,]\d)",
    "fraction": rf"{_FREE}(?P<fr_w>\d{{1,6}})?\s?(?P<fr_v>[¼½¾⅓⅔⅛])"
    rf"|(?<![\w.,/])(?P<fr_i>\d{{1,6}}\s)?(?P<fr_u>\d{{1,3}})/(?P<fr_l>\d{{1,3}})(?![{_W}/]|[.,]\d)",
    "dotted": rf"{_FREE}(?!\d{{1,3}}(?:\.\d{{3}}){{2,6}}(?![\d.]))"
    rf"(?:[vV]?\d{{1,4}}(?:\.\d{{1,4}}){{2,4}}"
    rf"|[vV]\d{{1,4}}(?:\.\d{{1,4}}){{0,4}})(?![{_W}]|\.\d)",
}
_REST = {
    "dimension": r"(?<=\d)\s?(?P<di>[x×])(?=\s?\d)",
    "between": r"(?<=\d)(?:\s?[–—]\s?(?=[\d$€£₹])|\s?-\s?(?=[$€£₹]|\d\d?:\d\d)"
    r"|:(?=\d{1,2}(?!\d)))",
    "dot": r"\.(?=[a-z])|(?<!\S)\.(?=[A-Z])",
    "numbered": r"\#(?P<no>\d{1,12})(?!\w)",
    "initials": rf"(?<![\w.])(?:[^\W\d_]\.){{2,6}}(?:[^\W\d_](?![{_W}.]))?(?P<in_s>'s{_END})?",
    "word": rf"{_LETTER}+(?:'{_LETTER}+)*",
    "figures": r"\d+",
    "mark": r"\.{2,}|[-–—]{2,}|[.,;:!?…—–]",
    "other": r"[^\s\w]|[²³]",
}


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: -len(word)))


@lru_cache(maxsize=16)
def shapes(tongue: Tongue) -> re.Pattern[str]:
    figure = _COMMAED if tongue.has_decimal_comma else _POINTED
    found = {
        **_LINKS, **_calendar(tongue), **_clock(tongue), **_DIGITS, **_amounts(tongue, figure),
        **_words(tongue), **_REST,
    }  # fmt: skip
    return re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in found.items()))


def _words(tongue: Tongue) -> dict[str, str]:
    numbered = rf"(?i:{_either((*tongue.numbered, *tongue.rulers)) or '(?!)'})"
    return {
        "abbreviation": rf"(?<![{_W}.])(?:(?P<ab>(?i:{_either(tongue.abbreviations)}|st))\.{_END}"
        r"|(?P<nr>[Nn][oº])\.?(?=\s?\d))",
        "roman": rf"(?<![{_W}])(?P<rm_n>{numbered})\s"
        rf"(?P<rm>X{{0,3}}(?:IX|IV|V?I{{0,3}}))(?<=[IVX]){_END}",
    }


def _calendar(tongue: Tongue) -> dict[str, str]:
    month = rf"(?i:{_either(tongue.month_names)})"
    ordinal = rf"(?:{_either(tongue.ordinal_signs) or '(?!)'})"
    year = rf"(?:,?\s(?:de\s|del\s)?(?P<%s>[12]\d{{3}}){_WHOLE})?"
    return {
        "month_day": rf"(?<![{_W}])(?P<md_m>{month})\.?\s(?P<md_d>\d\d?){ordinal}?{_WHOLE}"
        + year % "md_y",
        "day_month": rf"{_FREE}(?P<dm_d>\d\d?){ordinal}?(?:\sof|\sde)?\s(?P<dm_m>{month}){_END}"
        + year % "dm_y",
        "month_year": rf"(?<![{_W}])(?P<my_m>{month})\.?,?(?:\sde)?\s(?P<my_y>[12]\d{{3}}){_WHOLE}",
    }


def _clock(tongue: Tongue) -> dict[str, str]:
    half = rf"\s?(?P<%s>(?i:{_either(tongue.half_days) or '(?!)'})){_END}(?:(?<=\.\w)\.)?"
    mark = "[:h]" if tongue.has_decimal_comma else ":"
    return {
        "clock": rf"(?<![{_W}:.,])(?P<ck_h>[01]?\d|2[0-4]){mark}(?P<ck_m>[0-5]\d)"
        rf"(?::(?P<ck_s>[0-5]\d))?(?:{half % 'ck_half'}|{_WHOLE}(?:\shrs?{_END})?)",
        "hour": rf"(?<![{_W}:.,])(?P<hr_h>1[0-2]|0?[1-9]){half % 'hr_half'}",
    }


def _amounts(tongue: Tongue, figure: str) -> dict[str, str]:
    money = _either(tongue.currencies)
    scale = _either(tongue.scales) or "(?!)"
    unit = _either(tongue.units)
    ordinal = _either(tongue.ordinal_signs) or "(?!)"
    free = _FREE if tongue.has_spaces else r"(?<![A-Za-z\d.,])"
    free = rf"(?:{free}|(?<=\d[x×]))"
    end = _END if tongue.has_spaces else "(?![A-Za-z])"
    return {
        "money": rf"(?P<mn_m>{_MINUS})(?<![A-Za-z])(?P<mn_c>{money})\s?(?P<mn_n>{figure})(?!\d)"
        rf"(?:\s?(?P<mn_s>{scale}){_END})?(?:/-)?",
        "money_after": rf"(?P<ma_m>{_MINUS}){free}(?P<ma_n>{figure})(?:\s?(?P<ma_s>{scale}))?\s?"
        rf"(?P<ma_c>{money}){end}",
        "range": rf"(?<![{_W}.,-])(?P<rg_a>{figure})(?:\s?%)?\s?[-–—]\s?(?P<rg_b>{figure})"
        rf"(?![\d-]|[.,/]\d)(?:\s?(?P<rg_u>%|(?:{unit}){end})|{end})",
        "percent": rf"(?P<pc_m>{_MINUS}){free}(?P<pc_n>{figure})\s?%",
        "measure": rf"(?P<ms_m>{_MINUS}){free}(?P<ms_n>{figure})\s?(?P<ms_u>{unit})"
        rf"(?![²³]|'\w|/\w){end}",
        "ordinal": rf"{free}(?P<or_n>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,12}})"
        rf"(?P<or_s>{ordinal}){_END}",
        "decade": rf"{free}'?(?P<dc>[12]\d\d0|\d0)'?s{_END}",
        "number": rf"(?P<nb_m>{_MINUS}){free}(?P<nb_n>{figure})"
        rf"(?P<nb_k>{'k' if 'k' in tongue.scales else '(?!)'})?{end}",
    }
