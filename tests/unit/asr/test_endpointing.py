"""From scripted probabilities to signals: each frame is 32 ms."""

import pytest

from app.asr.endpointing import Endpointing, EndpointRules, Signal

RULES = EndpointRules(
    begin_ms=96, lead_ms=64, interim_ms=128, draft_ms=64, pause_ms=128, most_ms=640
)
LETTERS = {
    Signal.BEGAN: "B",
    Signal.INTERIM: "i",
    Signal.PAUSED: "p",
    Signal.RESUMED: "r",
    Signal.ENDED: "E",
    Signal.FULL: "F",
}


def signals(script: str, rules: EndpointRules = RULES) -> str:
    """`#` is speech, `~` lies between the thresholds, `.` is silence; a letter for each frame."""
    place = Endpointing(rules)
    found = ""
    for frame in script:
        signal = place.push({"#": 0.9, "~": 0.4, ".": 0.1}[frame])
        found += LETTERS[signal] if signal else "-"
        if signal is Signal.FULL:
            place.cut(place.now_ms)
    return found


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", ""),
        ("......", "------"),
        ("~~~~~~", "------"),
        ("##.##.", "------"),  # clicks
        ("#~#~#.", "----B-"),
        ("###....", "--B-p-E"),
        ("###......", "--B-p-E--"),
        ("#######...", "--B---i-p-"),
        ("###..####....", "--B-pr--i-p-E"),  # a pause within a sentence
        ("###~~~~....", "--B---i-p-E"),
        ("###.~~~", "--B-p-E"),  # once silent, only speech is speech again
        ("###....###....", "--B-p-E--B-p-E"),
    ],
)
@pytest.mark.inventory("EX-016")
def test_signals_follow_the_voice(script: str, expected: str) -> None:
    assert signals(script) == expected


def test_interims_come_in_the_documented_time() -> None:
    found = signals("#" * 150, EndpointRules())
    gaps = [len(run) * 32 + 32 for run in found.split("B")[1].split("F")[0].split("i")[1:-1]]
    assert set(gaps) <= {224, 256}
    assert sum(gaps) / len(gaps) == pytest.approx(250, abs=8)


@pytest.mark.inventory("EX-016")
def test_a_long_sentence_is_cut_and_goes_on() -> None:
    assert signals("#" * 60, EndpointRules(most_ms=640, interim_ms=10_000)).count("F") == 3
    found = signals("#" * 400, EndpointRules())
    assert found.index("F") * 32 == pytest.approx(6000, abs=64)
    assert found.count("B") == 1


@pytest.mark.inventory("EX-016")
def test_many_words_are_a_sentence() -> None:
    place = Endpointing(EndpointRules())
    assert [place.push(0.9) for _ in range(3)][-1] is Signal.BEGAN
    place.note_words(49)
    assert place.push(0.9) is None
    place.note_words(50)
    assert place.push(0.9) is Signal.FULL
    place.cut(place.now_ms)
    assert place.push(0.9) is None


def test_a_sentence_begins_a_little_before_its_first_sound_but_not_in_the_one_before() -> None:
    place = Endpointing(RULES)
    for probability in [0.1] * 5 + [0.9] * 3:
        place.push(probability)
    assert (place.start_ms, place.speech_end_ms) == (3 * 32, 8 * 32)
    for probability in [0.1] * 4 + [0.9] * 3:
        place.push(probability)
    assert place.start_ms == 12 * 32


def test_who_ends_it_from_outside_begins_anew() -> None:
    place = Endpointing(RULES)
    for _ in range(5):
        place.push(0.9)
    place.end()
    assert [place.push(0.9) for _ in range(3)] == [None, None, Signal.BEGAN]
    assert place.start_ms == 5 * 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.3},
        {"silence_threshold": 0},
        {"threshold": 1.5},
        {"draft_ms": 500},
        {"draft_ms": 0},
    ],
)
def test_rules_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must hold"):
        EndpointRules(**wrong)  # type: ignore[arg-type]
