"""Telephone numbers become what E.164 writes, or are refused with a sentence."""

import pytest

from app.core.phone_numbers import PhoneNumberInvalid, checked_country_code, e164


@pytest.mark.parametrize(
    ("written", "country_code", "number"),
    [
        ("+14155551234", "", "+14155551234"),
        (" +1 (415) 555-1234 ", "", "+14155551234"),
        ("+49.30.1234567", "", "+49301234567"),
        ("+49 30 – 1234567", "", "+49301234567"),  # noqa: RUF001
        ("+49\u00a030\u20111234567", "", "+49301234567"),
        ("+44 (0)20 7946 0958", "", "+442079460958"),
        ("0044 (0)20 7946 0958", "", "+442079460958"),
        ("0049 30 1234567", "", "+49301234567"),
        ("030 1234567", "49", "+49301234567"),
        ("06 1234 5678", "39", "+390612345678"),
        ("(415) 555-1234", "1", "+14155551234"),
        ("1-415-555-1234", "1", "+14155551234"),
        ("98765 43210", "91", "+919876543210"),
        ("+49 30 1234567", "1", "+49301234567"),
        ("+12345678", "", "+12345678"),
        ("+123456789012345", "", "+123456789012345"),
    ],
)
def test_numbers_are_written_as_e164(written: str, country_code: str, number: str) -> None:
    assert e164(written, country_code) == number


@pytest.mark.parametrize(
    ("written", "country_code"),
    [
        ("", "49"),
        ("+", ""),
        ("+1234567", ""),
        ("+1234567890123456", ""),
        ("+0301234567", ""),
        ("+49 30 12a4567", ""),
        ("+4930123456x77", ""),
        ("4.91512E+11", "49"),
        ("+49 30 1234567 ext. 5", ""),
        ("+٤٩٣٠١٢٣٤٥٦٧", ""),
        ("+49\0301234567", ""),
        ("12 34", "49"),
        ("+49 30 1234567 / +49 30 7654321", ""),
        ("++49301234567", ""),
        ("+493012345" + " " * 40 + "67", ""),
    ],
)
def test_what_is_no_number_is_refused(written: str, country_code: str) -> None:
    with pytest.raises(PhoneNumberInvalid) as refused:
        e164(written, country_code)
    assert refused.value.details == {"field": "phone_number"}
    assert "digits" in refused.value.message


def test_a_national_number_is_refused_where_nobody_said_of_which_nation() -> None:
    with pytest.raises(PhoneNumberInvalid, match="set the country_code"):
        e164("030 1234567")


@pytest.mark.parametrize(("given", "kept"), [("49", "49"), ("+49", "49"), ("1", "1"), ("", "")])
def test_a_country_code_is_one_to_three_digits(given: str, kept: str) -> None:
    assert checked_country_code(given) == kept


@pytest.mark.parametrize("given", ["0", "049", "+", "4949", "DE", "4\0", "+ 49"])
def test_what_is_no_country_code_is_refused(given: str) -> None:
    with pytest.raises(PhoneNumberInvalid, match="country_code: "):
        checked_country_code(given)
