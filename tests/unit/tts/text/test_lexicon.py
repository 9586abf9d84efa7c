"""An organization's own pronunciations."""

import pytest

from app.tts.text.lexicon import (
    LONGEST,
    MOST_ENTRIES,
    Lexicon,
    Pronunciation,
    PronunciationInvalid,
)
from tests.unit.tts.text.conftest import Read, sounds_of


def test_a_respelling_is_read_in_place_of_the_word(read: Read) -> None:
    lexicon = Lexicon([Pronunciation("Zyx", respelling="hello world")])
    text = "Zyx, go."
    (sentence,) = read(text, lexicon=lexicon)
    assert [word.sounds for word in sentence.words] == ["həlˈO", "wˈɜɹld,", "ɡˈO."]
    assert [text[word.begin : word.end] for word in sentence.words] == ["Zyx", "Zyx,", "go."]


def test_sounds_are_taken_as_they_are_in_either_alphabet(read: Read) -> None:
    lexicon = Lexicon(
        [Pronunciation("Zyx", sounds="/zaɪks/"), Pronunciation("Qux", sounds="kwˈʌks")]
    )
    assert sounds_of(read("Zyx Qux.", lexicon=lexicon)) == ["zIks", "kwˈʌks."]


def test_case_decides_where_it_is_asked_to(read: Read) -> None:
    lexicon = Lexicon(
        [
            Pronunciation("Us", respelling="hello", matches_case=True),
            Pronunciation("us", respelling="world"),
        ]
    )
    assert sounds_of(read("Us us US", lexicon=lexicon)) == ["həlˈO", "wˈɜɹld", "wˈɜɹld"]


def test_longer_entries_win_and_parts_of_words_do_not_count(read: Read) -> None:
    lexicon = Lexicon(
        [
            Pronunciation("new", respelling="go"),
            Pronunciation("New  Delhi", respelling="hello"),
        ]
    )
    found = lexicon.find("new newt New Delhi renew")
    assert [(item.begin, item.end) for item in found] == [(0, 3), (9, 18)]
    assert found[1].pronunciation.respelling == "hello"


def test_words_of_other_scripts_are_found_whole() -> None:
    lexicon = Lexicon([Pronunciation("राम", respelling="हरि")])
    assert [(item.begin, item.end) for item in lexicon.find("राम रामा")] == [(0, 3)]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"word": " ", "respelling": "x"}, "word", "no word"),
        ({"word": "a" * (LONGEST + 1), "respelling": "x"}, "word", "more than"),
        ({"word": "x\0", "respelling": "x"}, "word", "nobody sees"),
        ({"word": "x", "respelling": "x\u202e"}, "respelling", "nobody sees"),
        ({"word": "x"}, "respelling", "either"),
        ({"word": "x", "respelling": "x", "sounds": "a"}, "respelling", "either"),
        ({"word": "x", "respelling": "?!"}, "respelling", "no word"),
        ({"word": "x", "sounds": "a8"}, "sounds", "8"),
        ({"word": "x", "sounds": "kst"}, "sounds", "vowel"),
        ({"word": "x", "sounds": "a" * (LONGEST + 1)}, "sounds", "more than"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, str], field: str, says: str) -> None:
    with pytest.raises(PronunciationInvalid, match=says) as raised:
        Pronunciation(**fields)
    assert raised.value.details["field"] == field


def test_there_is_a_limit() -> None:
    entry = Pronunciation("x", respelling="y")
    with pytest.raises(PronunciationInvalid, match="at most"):
        Lexicon([entry] * (MOST_ENTRIES + 1))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("/bə\u02c8nænə/", "bən\u02c8ænə"),
        ("\u02ccsɪ\u02c8strʌm", "s\u02ccɪstr\u02c8ʌm"),
        ("bən\u02c8ænə", "bən\u02c8ænə"),
    ],
)
def test_stress_stands_before_the_vowel_whoever_wrote_it(written: str, spoken: str) -> None:
    assert Pronunciation("x", sounds=written).spoken == spoken
