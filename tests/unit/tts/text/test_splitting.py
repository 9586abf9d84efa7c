"""Sentences of a text that is there, and of one that is still being written."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tts.text.splitting import MOST_CHARACTERS, Splitter, split


def sentences(text: str) -> list[str]:
    return [text[begin:end] for begin, end in split(text)]


ENDS = {
    "One. Two! Three? Four": ["One.", "Two!", "Three?", "Four"],
    "Dr. Smith met Mr. Jones. They spoke.": ["Dr. Smith met Mr. Jones.", "They spoke."],
    "It costs 3.5 dollars. Fine.": ["It costs 3.5 dollars.", "Fine."],
    "Use a list, e.g. this one. Or i.e. that. Done.": [
        "Use a list, e.g. this one.", "Or i.e. that.", "Done.",
    ],
    "He lives in the U.S. Army base. She does not.": [
        "He lives in the U.S. Army base.", "She does not.",
    ],
    "She left the U.S. The end.": ["She left the U.S.", "The end."],
    "See www.example.com. It is good.": ["See www.example.com.", "It is good."],
    "Wait... what? Well... Yes.": ["Wait... what?", "Well...", "Yes."],
    "At 5 p.m. we go. At 6 p.m. We stay.": ["At 5 p.m. we go.", "At 6 p.m.", "We stay."],
    "J. R. R. Tolkien wrote it. Really.": ["J. R. R. Tolkien wrote it.", "Really."],
    "Plan B. The rest is known.": ["Plan B.", "The rest is known."],
    'He said "Stop!" Then he left.': ['He said "Stop!"', "Then he left."],
    "Version 2.1.3 is out. Get it.": ["Version 2.1.3 is out.", "Get it."],
    "No. 5 is alive. Is it? No. It is not.": [
        "No. 5 is alive.", "Is it?", "No.", "It is not.",
    ],
    "Apples, pears, etc. Then more.": ["Apples, pears, etc.", "Then more."],
    "St. Paul is in Minn. state. Yes.": ["St. Paul is in Minn. state.", "Yes."],
    "Acme Inc. makes it. Acme Inc. The best.": [
        "Acme Inc. makes it.", "Acme Inc.", "The best.",
    ],
    "नमस्ते. आप कैसे हैं? मैं ठीक हूँ.": ["नमस्ते.", "आप कैसे हैं?", "मैं ठीक हूँ."],
    "你好.我很好.你呢?": ["你好.", "我很好.", "你呢?"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ENDS.items())
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_lines_end_sentences_unless_they_were_only_broken_to_fit() -> None:
    text = "Title\nA line that goes\non here.\n- first\n- second\n\nNew"
    assert sentences(text) == [
        "Title", "A line that goes\non here.", "- first", "- second", "New",
    ]  # fmt: skip


def test_a_numbered_list_is_not_cut_behind_its_numbers() -> None:
    assert sentences("1. Open it.\n2. Close it.") == ["1. Open it.", "2. Close it."]


def test_a_long_sentence_is_cut_at_clauses_then_between_words() -> None:
    clause = "this is a clause of some length and more words, "
    pieces = sentences(clause * 20)
    assert all(len(piece) <= MOST_CHARACTERS for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)
    words = sentences("word " * 200)
    assert all(len(piece) <= MOST_CHARACTERS for piece in words)
    assert {word for piece in words for word in piece.split()} == {"word"}


TEXTS = st.text(alphabet="abI .!?,\n3'\"D—r…", max_size=400)


@given(TEXTS)
def test_nothing_but_spaces_is_between_sentences(text: str) -> None:
    spans = list(split(text))
    edges = [0, *itertools.chain.from_iterable(spans), len(text)]
    assert edges == sorted(edges)
    assert all(end - begin <= MOST_CHARACTERS for begin, end in spans)
    between = [text[edges[at] : edges[at + 1]] for at in range(0, len(edges), 2)]
    assert not "".join(between).strip()


@given(TEXTS, st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_a_growing_text_loses_and_doubles_nothing(text: str, sizes: list[int]) -> None:
    splitter = Splitter()
    found: list[str] = []
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(text):
            break
        found += splitter.feed(text[at : at + size])
        at += size
    found += splitter.finish()
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_growing_text_is_cut_where_the_whole_one_is() -> None:
    text = "Dr. Who paid 3.5 dollars. Really? Yes... He said so. It is 5 p.m. now."
    splitter = Splitter()
    found = [sentence for letter in text for sentence in splitter.feed(letter)]
    assert [*found, *splitter.finish()] == sentences(text)


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    splitter = Splitter()
    assert splitter.feed("Hello there.") == []
    assert splitter.feed(" H") == ["Hello there."]
    assert splitter.feed("ow are you") == []
    assert splitter.finish() == ["How are you"]
    assert splitter.finish() == []


def test_a_growing_text_without_an_end_is_cut_all_the_same() -> None:
    splitter = Splitter()
    found = [piece for _ in range(100) for piece in splitter.feed("word ")]
    assert found
    found += splitter.feed("word " * 200)
    assert all(len(piece) <= MOST_CHARACTERS for piece in found)
    assert sum(piece.count("word") for piece in found) > 230
