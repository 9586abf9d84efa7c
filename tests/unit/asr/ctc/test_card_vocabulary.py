"""Cards that describe a model or are refused, and columns read as words."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.asr.engines.ctc.card import CardInvalid, Vocabulary, read_card
from app.asr.engines.ctc.vocabulary import Columns, Spoken, log_softmax

CARD = """
title = "A model"
languages = ["en"]
graph = "model.onnx"
[features]
kind = "log-mel"
[inputs]
signal = "audio_signal"
length = "length"
[outputs]
scores = "logprobs"
[times]
stride_ms = 40
[vocabulary]
blank = 3
space = "|"
file = "tokens.txt"
[heads.emotion]
output = "emotion"
labels = ["EMOTION_NEUTRAL", "EMOTION_HAPPY"]
"""


def write(folder: Path, card: str, tokens: str = "|\na\nb\n<blk>\n") -> Path:
    (folder / "card.toml").write_text(card)
    (folder / "tokens.txt").write_text(tokens)
    return folder


def test_a_card_is_read_with_its_tokens(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD))
    assert card.vocabulary.tokens == ("|", "a", "b", "<blk>")
    assert card.heads["emotion"].labels == ("EMOTION_NEUTRAL", "EMOTION_HAPPY")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("stride_ms = 40", "stride_ms = 0"), "stride_ms"),
        (('kind = "log-mel"', 'kind = "smell"'), "features.kind"),
        (("blank = 3", "blank = 4"), "blank is 4 of 4"),
        (('file = "tokens.txt"', 'file = "none.txt"'), "none.txt cannot be read"),
        (('file = "tokens.txt"', ""), "either `file` or `tokens`"),
        (('space = "|"', ""), "either `space` or `word_start`"),
        (("[inputs]", "[inputs]\nmore = 1"), "more"),
        (('title = "A model"', "title ="), "card.toml"),
    ],
)
def test_a_card_that_cannot_be_used_says_why(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    with pytest.raises(CardInvalid, match=named):
        read_card(write(tmp_path, CARD.replace(*change)))


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="cannot be read"):
        read_card(tmp_path)


def said(tokens: tuple[str, ...], path: list[int], certain: float = 6.0) -> NDArray[np.float32]:
    scores = np.zeros((len(path), len(tokens)), np.float32)
    scores[np.arange(len(path)), path] = certain
    return log_softmax(scores)


LETTERS = Vocabulary(
    blank=0, space="|", tokens=("<pad>", "|", "a", "b", "EMOTION_HAPPY"), actions=("EMOTION_",)
)
PIECES = Vocabulary(blank=4, word_start="▁", tokens=("▁a", "b", "▁b", "▁", "<blk>"))


def test_letters_make_words_with_frames() -> None:
    columns = Columns(LETTERS)
    scores = columns.of_words(said(LETTERS.tokens, [0, 2, 2, 0, 2, 3, 1, 0, 3, 0]))
    assert columns.best_path(scores) == [Spoken("aab", 1, 6), Spoken("b", 8, 9)]


def test_pieces_make_words_with_frames() -> None:
    columns = Columns(PIECES)
    scores = columns.of_words(said(PIECES.tokens, [0, 4, 1, 2, 4, 4, 1, 4]))
    assert columns.best_path(scores) == [Spoken("ab", 0, 3), Spoken("bb", 3, 7)]


@pytest.mark.inventory("WH-091")
def test_events_are_in_the_raw_text_and_not_in_the_words() -> None:
    columns = Columns(LETTERS)
    scores = said(LETTERS.tokens, [2, 4, 4, 3, 1, 2])
    assert columns.raw(scores) == "a EMOTION_HAPPY b a"
    assert columns.events(scores) == [Spoken("EMOTION_HAPPY", 1, 3)]
    assert [word.text for word in columns.best_path(columns.of_words(scores))] == ["ab", "a"]
    assert np.allclose(np.exp(columns.of_words(scores)).sum(axis=1), 1, atol=1e-5)


def test_a_word_is_as_certain_as_its_pieces() -> None:
    columns = Columns(PIECES)
    sure = said(PIECES.tokens, [0, 1], certain=12.0)
    doubtful = said(PIECES.tokens, [0, 1], certain=0.5)
    word = Spoken("ab", 0, 2)
    assert columns.certainty(word, columns.of_words(sure)) > 0.99
    assert columns.certainty(word, columns.of_words(doubtful)) < 0.5
    assert columns.certainty(Spoken("xyz", 0, 2), columns.of_words(sure)) == 0.0


def test_capitals_are_read_as_small_letters() -> None:
    capitals = Vocabulary(
        blank=0, space="|", tokens=("<pad>", "<s>", "|", "A", "'", "B"), actions=("<",)
    )
    columns = Columns(capitals)
    assert columns.labels == ["", " ", "a", "'", "b"]
    scores = columns.of_words(said(capitals.tokens, [3, 4, 5, 2, 3]))
    assert [word.text for word in columns.best_path(scores)] == ["a'b", "a"]
