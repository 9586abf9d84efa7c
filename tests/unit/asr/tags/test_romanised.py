"""Devanagari becomes what the classifier was trained on."""

import pytest

from app.asr.tags.romanised import romanised


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("मेरे पास अभी पैसे नहीं हैं", "mere paas abhi paise nahin hain"),
        ("मैं कल पेमेंट कर दूँगा", "main kal payment kar doonga"),
        ("आपकी ईएमआई बाकी है सर", "aapki emi baki hai sir"),
        ("काम समझ गया हूँ", "kaam samajh gaya hoon"),
        ("मतलब लड़के बड़ा करना", "matlab ladke bada karna"),
        ("हज़ार रुपये", "hazaar rupye"),
        ("१५ तारीख", "15 tarikh"),
        ("okay ठीक है, thanks!", "okay thik hai, thanks!"),
    ],
)
def test_is_spelled_as_people_type(written: str, spelled: str) -> None:
    assert romanised(written) == spelled


def test_dotted_letters_are_one_however_written() -> None:
    assert romanised("\u095c") == romanised("\u0921\u093c") == "da"


@pytest.mark.parametrize("text", ["", "plain words", "日本語", "ñandú", "🙂", "\u0964"])
def test_leaves_all_else_as_it_is(text: str) -> None:
    assert romanised(text) == text


@pytest.mark.parametrize("sign", ["\u093e", "\u094d", "\u093c", "\u0902", "\u0950"])
def test_a_sign_without_a_letter_is_no_error(sign: str) -> None:
    assert romanised(sign * 3).isascii()
