"""What of a text can be said, and where it stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tts.text.cleaning import clean


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("Hi <b>there</b>", "Hi  there "),
        ("a < b and c > d", "a < b and c > d"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ('<say-as interpret-as="date">May</say-as>', " May "),
        ("one\u200btwo\ufeff", "onetwo"),
        ("tab\there\x00", "tab here "),
        ("cafe\u0301", "café"),
        ("x\u0300\u0301\u0302y", "xy"),
        ("𝐁𝐨𝐥𝐝 ﬁne Ｗide", "Bold fine Wide"),
        ("४५०० और ٣", "4500 और 3"),
        ("it’s “so”", "it's “so”"),
        ("你好。好、吗？", "你好.好,吗?"),
        ("क्या।", "क्या."),
        ("I 😀 you 👩‍👩‍👧 2⃣", "I   you       2"),
    ],
)
def test_what_is_kept(written: str, cleaned: str) -> None:
    assert clean(written).text.split() == cleaned.split()


def test_places_are_those_of_the_callers_text() -> None:
    text = "Ah <i>cafe\u0301</i> ok"
    cleaned = clean(text, 100)
    at = cleaned.text.index("café")
    begin, end = cleaned.place(at, at + 4)
    assert text[begin - 100 : end - 100] == "cafe\u0301"


@given(st.text(max_size=300))
def test_places_are_in_order_and_inside(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.text) == len(cleaned.begins) == len(cleaned.ends)
    assert list(cleaned.begins) == sorted(cleaned.begins)
    pairs = zip(cleaned.begins, cleaned.ends, strict=True)
    assert all(0 <= begin < end <= len(text) for begin, end in pairs)


@given(st.text(alphabet="abcXYZ 019.,;:!?'\"<>/=&-", max_size=200))
def test_no_letter_of_plain_text_without_markup_is_lost(text: str) -> None:
    plain = text.replace("<", "").replace("&", "")
    kept = [letter for letter in clean(plain).text if letter.isalnum()]
    assert kept == [letter for letter in plain if letter.isalnum()]
