"""Text to tokens and back, and where words end."""

from app.asr.engines.whisper.tokens import Tokens, TokenWord
from tests.unit.asr.whisper.conftest import END, ORDINARY, letters


def test_special_tokens_are_known_by_name(tokens: Tokens) -> None:
    assert tokens.end == END
    assert (tokens.start, tokens.languages["en"]) == (END + 1, END + 2)
    assert tokens.tasks == {"translate": END + 4, "transcribe": END + 5}
    assert tokens.no_timestamps == END + 9


def test_text_becomes_tokens_and_text_again(tokens: Tokens) -> None:
    found = tokens.encode("he said: é!")
    assert ORDINARY[found[0]] == "he"
    assert tokens.decode(found) == "he said: é!"


def test_special_tokens_are_no_text(tokens: Tokens) -> None:
    assert tokens.decode([tokens.start, *letters("ok"), tokens.end]) == "ok"


def test_what_is_no_whole_character_is_shown_as_such(tokens: Tokens) -> None:
    assert tokens.decode([ORDINARY.index("Ã")]) == "�"


def test_words_begin_with_spaces_and_keep_their_punctuation(tokens: Tokens) -> None:
    run = tokens.encode('hi, "yo" ab!')
    found = tokens.words(run, "en")
    assert [word.text for word in found] == ["hi,", ' "yo"', " ab!"]
    assert [token for word in found for token in word.tokens] == run


def test_marks_within_a_word_do_not_end_it(tokens: Tokens) -> None:
    run = tokens.encode("a,b c-d, e.f")
    assert [word.text for word in tokens.words(run, "en")] == ["a,b", " c-d,", " e.f"]


def test_characters_of_several_tokens_are_not_cut(tokens: Tokens) -> None:
    run = [ORDINARY.index(part) for part in ("Ġa", "Ã", "©", "b")]
    assert tokens.words(run, "en") == [TokenWord(" aéb", tuple(run))]


def test_languages_without_spaces_have_a_word_a_character(tokens: Tokens) -> None:
    comma = [ORDINARY.index(part) for part in ("ã", "Ģ", "Ĥ")]
    (a, b), run = letters("ab"), [*letters("ab"), *comma]
    assert tokens.words(run, "ja") == [TokenWord("a", (a,)), TokenWord("b。", (b, *comma))]
