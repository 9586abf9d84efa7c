"""Parts hold the whole conversation, each within what the model can take."""

from itertools import pairwise

import pytest

from app.llm.analysis.domain import Utterance
from app.llm.analysis.evidence import Cited, Witness, occurs
from app.llm.analysis.reading import ends_of, estimate_tokens, grouped, line_of, parted, read
from tests.unit.llm.analysis.scripted import said


def test_a_line_tells_who_when_how_and_what() -> None:
    labels = {"emotion": "EMOTION_SAD", "role": "ROLE_CUSTOMER"}
    spoken = Utterance(12, 65.4, 67, " I cannot\npay. ", "SPEAKER_00", labels=labels)
    told = "(emotion: EMOTION_SAD, role: ROLE_CUSTOMER)"
    assert line_of(spoken) == f"[12] SPEAKER_00 1:05 {told}: I cannot pay."
    assert line_of(Utterance(0, 0, 1, "Hi.")) == "[0] SOMEBODY 0:00: Hi."


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10, 20),
        ("Съешь же ещё этих мягких французских булок", 12, 42),
        ("मुझे कल तक पाँच सौ रुपये देने हैं", 20, 70),
        ("我明天会付五百块钱", 9, 20),
        ("😀😀😀", 6, 12),
        ("", 0, 0),
    ],
)
def test_tokens_are_rather_over_than_underestimated(text: str, least: int, most: int) -> None:
    """`least` is what a vocabulary of the size of GPT-2's makes of it, or more."""
    assert least <= estimate_tokens(text) <= most


@pytest.mark.parametrize("word", ["word ", "रुपये ", "钱"])
def test_parts_are_few_full_and_complete(word: str) -> None:
    talk = said(*[("A", f"{place} {word * (place % 7)}") for place in range(200)])
    parts = parted(talk.utterances, 500)
    assert [each for part in parts for each in part.utterances] == list(talk.utterances)
    assert all(estimate_tokens(part.text) <= 500 for part in parts)
    for part, following in pairwise(parts):
        both = f"{part.text}\n{line_of(following.utterances[0])}"
        assert estimate_tokens(both) + 2 * both.count("\n") + 4 > 500
    few = parted(talk.utterances, 100_000, 60)
    assert [len(part.utterances) for part in few] == [60, 60, 60, 20]


@pytest.mark.parametrize("text", ["some words " * 300, "钱" * 900, "x" * 3000])
def test_a_segment_that_is_too_long_for_any_part_is_cut_and_nothing_lost(text: str) -> None:
    (before, long, after) = said(("A", "Before."), ("B", text), ("A", "After.")).utterances
    parts = parted((before, long, after), 300)
    assert all(estimate_tokens(part.text) <= 300 for part in parts)
    pieces = [each.text for part in parts for each in part.utterances if each.id == long.id]
    assert len(pieces) > 2
    assert "".join(pieces) == text
    assert (parts[0].utterances[0], parts[-1].utterances[-1]) == (before, after)


@pytest.mark.parametrize("text", ["some words", "钱" * 600])
def test_the_ends_of_a_conversation_fill_the_room(text: str) -> None:
    talk = said(*[("A", f"{place} {text}") for place in range(100)])
    shown, is_extract = ends_of(talk.utterances, 400)
    assert is_extract
    assert 200 < estimate_tokens(read(shown)) <= 400
    assert (shown[0].id, shown[-1].id) == (0, 99)
    assert [each.id for each in shown] == sorted(each.id for each in shown)
    assert ends_of(talk.utterances[:1], 2000)[1] is False
    few = said(("A", "Hello."), ("B", "Bye."))
    assert ends_of(few.utterances, 400) == ([*few.utterances], False)


def test_notes_are_grouped_with_their_neighbours() -> None:
    notes = ["a" * 300, "b" * 300, "c" * 300, "d" * 900, "e" * 30]
    assert [[note[0] for note in group] for group in grouped(notes, 210)] == [
        ["a", "b"],
        ["c"],
        ["d"],
        ["e"],
    ]


@pytest.mark.parametrize(
    ("quote", "is_said"),
    [
        ("I can't pay FIVE  hundred dollars", True),
        ("“I can\u2019t pay”, five-hundred", True),
        ("can't pay five hundred", True),
        ("I can pay five hundred", False),
        ("pay ... dollars", False),
        ("ollar", False),
        ("dollars", True),
        ("?!", False),
        ("", False),
    ],
)
def test_a_quote_must_have_been_said(quote: str, is_said: bool) -> None:
    assert occurs(quote, "Well, I can't pay five-hundred dollars.") is is_said


def test_quotes_in_other_scripts() -> None:
    assert occurs("付五百块", "我明天会付五百块钱。")
    assert occurs("पाँच सौ रुपये", "मुझे पाँच सौ रुपये, देने हैं।")
    assert not occurs("छह सौ", "मुझे पाँच सौ रुपये, देने हैं।")


def test_only_what_was_said_in_the_segment_that_is_named_is_evidence() -> None:
    witness = Witness(said(("A", "Hello there."), ("", "You owe $500.")))
    cited = [
        Cited(0, "hello there"),
        Cited(1, "hello there"),
        Cited(7, "you owe"),
        Cited(1, "$500"),
    ]
    found = witness.confirm([*cited, Cited(0, "hello there")])
    assert [(each.segment, each.speaker, each.quote) for each in found] == [
        (0, "A", "hello there"),
        (1, None, "$500"),
    ]
    assert (found[1].start, found[1].end) == (3, 5)
    assert witness.dropped == 2
