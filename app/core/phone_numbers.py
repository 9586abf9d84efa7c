"""Telephone numbers as E.164 writes them: +, the code of the country, the number. Pure."""

import re

from app.core.errors import Unprocessable

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015().]+")
_TRUNK_IN_BRACKETS = re.compile(r"\(0\)")
"""As in +44 (0)20: dialled within the country only."""
_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
_COUNTRY = re.compile(r"\+?([1-9][0-9]{0,2})")
_ZERO_STAYS = frozenset({"39", "225", "241", "242", "378", "379"})
"""Countries where a zero at the beginning belongs to the number."""
_LONGEST = 40


class PhoneNumberInvalid(Unprocessable):
    code = "phone_number_invalid"

    def __init__(self, fault: str, field: str = "phone_number") -> None:
        super().__init__(f"{field}: {fault}", field=field)


def e164(text: str, country_code: str = "") -> str:
    """`country_code`: digits, of the country where a national number is dialled."""
    written = text.strip()[: _LONGEST + 1]
    if written.startswith(("+", "00")):
        written = _TRUNK_IN_BRACKETS.sub("", written)
    bare = _BETWEEN.sub("", written)
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    if not bare.startswith("+"):
        bare = _international(bare, country_code)
    if len(written) > _LONGEST or not _NUMBER.fullmatch(bare):
        raise PhoneNumberInvalid("it must have + and 8 to 15 digits, the country's code first")
    return bare


def checked_country_code(text: str) -> str:
    """Its digits; a plus may stand before them. Empty stays empty."""
    if not text:
        return ""
    found = _COUNTRY.fullmatch(text)
    if found is None:
        raise PhoneNumberInvalid("it must have 1 to 3 digits, such as +49", "country_code")
    return found[1]


def _international(national: str, country_code: str) -> str:
    if not country_code:
        raise PhoneNumberInvalid(
            "it must begin with + and the code of a country; to write national numbers, set the "
            "country_code of the organization"
        )
    if country_code == "1":
        return f"+1{national[1:] if len(national) == 11 and national[0] == '1' else national}"
    if country_code not in _ZERO_STAYS:
        national = national.removeprefix("0")
    return f"+{country_code}{national}"
