"""Numbers that no model is asked for, on conversations whose numbers are known."""

import msgspec
import pytest

from app.llm.analysis.computed import compute, count_questions, count_words
from app.llm.analysis.domain import Conversation, Mention, Utterance


def at(start_s: float, end_s: float, speaker: str, text: str, **rest: object) -> Utterance:
    return Utterance(int(start_s * 10), start_s, end_s, text, speaker, **rest)  # type: ignore[arg-type]


CALL = Conversation(
    (
        at(1, 5, "A", "Good morning. How are you today?"),
        at(5.5, 7.5, "B", "Fine, and you?"),
        at(8, 14, "A", "Very well. You owe us $500."),
        at(14.5, 20.5, "A", "Can you pay it by Friday?", mentions=(Mention("DATE", "Friday"),)),
        at(20, 24, "B", "No, I cannot pay $500 now.", mentions=(Mention("MONEY", "$500"),)),
        at(26, 30, "A", "I see.", mentions=(Mention("MONEY", "$500"),)),
    ),
    35,
)


def test_who_speaks_how_much_and_when_nobody_does() -> None:
    numbers = compute(CALL)
    assert (numbers.duration_s, numbers.turns, numbers.words) == (35, 5, 29)
    assert numbers.silence_s == 1 + 0.5 + 0.5 + 0.5 + 2 + 5
    assert numbers.speech_s == 35 - numbers.silence_s
    assert numbers.silence_ratio == pytest.approx(9.5 / 35, abs=0.001)
    assert numbers.longest_silence_s == 5
    first, second = numbers.speakers
    assert (first.speaker, first.talk_s, first.turns, first.words) == ("A", 20, 3, 20)
    assert (second.speaker, second.talk_s, second.turns, second.words) == ("B", 6, 2, 9)
    assert first.talk_ratio == pytest.approx(20 / 26, abs=0.001)
    assert first.pace_wpm == 60
    assert second.pace_wpm == 90


def test_questions_monologues_and_interruptions() -> None:
    numbers = compute(CALL)
    first, second = numbers.speakers
    assert (numbers.questions, first.questions, second.questions) == (3, 2, 1)
    assert (numbers.interruptions, first.interruptions, second.interruptions) == (1, 0, 1)
    assert first.longest_monologue_s == 12.5
    assert msgspec.to_builtins(numbers.longest_monologue) == {
        "speaker": "A",
        "start": 8,
        "end": 20.5,
        "first_segment": 80,
        "last_segment": 145,
    }


def test_mentions_say_where_and_labels_how_often() -> None:
    found = [(each.type, each.value, each.segments) for each in compute(CALL).mentions]
    assert found == [("DATE", "Friday", [145]), ("MONEY", "$500", [200, 260])]
    happy = {"emotion": "EMOTION_HAPPY"}
    labelled = Conversation(
        (at(0, 1, "A", "Hi", labels=happy), at(1, 2, "B", "Hi"), at(2, 3, "A", "Oh", labels=happy)),
        3,
    )
    assert compute(labelled).emotions == {"EMOTION_HAPPY": 2}


@pytest.mark.parametrize(
    ("gap_s", "earlier", "later", "count"),
    [
        (-0.3, "I think that.", "No, not at all.", 1),
        (-0.1, "I think that.", "No, not at all.", 0),
        (0.1, "I think that we", "No, not at all.", 1),
        (0.1, "I think that.", "No, not at all.", 0),
        (0.5, "I think that we", "No, not at all.", 0),
        (-0.5, "I think that we", "Yes.", 0),
        (0.1, "i think that we", "no not at all", 0),
    ],
)
def test_what_an_interruption_is(gap_s: float, earlier: str, later: str, count: int) -> None:
    talk = Conversation((at(0, 3, "A", earlier), at(3 + gap_s, 6, "B", later)), 6)
    numbers = compute(talk)
    assert numbers.interruptions == count
    assert [each.interruptions for each in numbers.speakers] == [0, count]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("How? When?? Now.", 2),
        ("आप कौन हैं?", 1),
        ("你好吗\uff1f", 1),
        ("how do you do", 1),
        ("do you know", 1),
        ("i know how you do", 0),
        ("however it may be", 0),
        ("I know; you know.", 0),
        ("What a day.", 0),
    ],
)
def test_questions_by_their_marks_or_else_by_how_they_begin(text: str, count: int) -> None:
    assert count_questions(text) == count


def test_words_with_and_without_spaces() -> None:
    assert count_words("I don't owe $1,250.50 - no") == 5
    assert count_words("你好 hello") == 3
    chinese = Conversation((at(0, 10, "A", "你好吗"),), 10)
    assert compute(chinese).speakers[0].pace_wpm is None
    assert compute(Conversation((at(0, 1, "A", "one two"),), 1)).speakers[0].pace_wpm is None


def test_an_empty_conversation_has_numbers_too() -> None:
    numbers = compute(Conversation((), 12))
    assert (numbers.silence_s, numbers.speech_s, numbers.turns) == (12, 0, 0)
    assert numbers.longest_monologue is None
    assert compute(Conversation((), 0)).silence_ratio == 0
