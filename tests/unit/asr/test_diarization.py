"""From windows with known voices to turns, and from turns to the speakers of words."""

import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import pytest

from app.asr.clustering import SpeakerCount, Vectors
from app.asr.diarization import (
    Diarization,
    DiarizationRules,
    SpeakerTurn,
    Window,
    by_speaker,
    diarize,
    plan_windows,
    speaker_label,
    speaker_of,
    window_samples,
)
from app.asr.domain import SpeechSpan
from app.asr.voices import SAMPLE_RATE, find_voices, found_voices
from app.core.audio.convert import Samples
from tests.unit.asr.voices import SIZE, unit, voices

RULES = DiarizationRules()
Script = list[tuple[float, float, int]]
"""Start, end and speaker of what is said."""


def vectors_of(windows: list[Window], script: Script) -> Vectors:
    """As an encoder hears it: a window over two speakers is a mixture of them."""
    directions = voices(1 + max(speaker for *_, speaker in script), alike=0.2)
    random = np.random.default_rng(1234)
    rows = [
        sum(
            max(0.0, min(window.end_s, end_s) - max(window.start_s, start_s)) * directions[speaker]
            for start_s, end_s, speaker in script
        )
        / (window.end_s - window.start_s)
        + 0.6 * random.normal(size=SIZE) / np.sqrt(SIZE)
        for window in windows
    ]
    return unit(np.array(rows))


def found(spans: list[SpeechSpan], script: Script, count: SpeakerCount) -> Diarization:
    windows = plan_windows(spans, RULES)
    return diarize(spans, windows, vectors_of(windows, script), count, RULES)


def agreement(turns: list[SpeakerTurn], script: Script) -> float:
    """The share of speech that is given to the right speaker; both count in order of appearance."""
    shared_s = sum(
        max(0.0, min(turn.end_s, end_s) - max(turn.start_s, start_s))
        for turn in turns
        for start_s, end_s, speaker in script
        if speaker == turn.speaker
    )
    return shared_s / sum(end_s - start_s for start_s, end_s, _ in script)


DIALOGUE: Script = [
    (start_s, start_s + length_s, index % 2)
    for index, (start_s, length_s) in enumerate(
        [(0, 5), (5.5, 3), (9, 6), (15.5, 2), (18, 4), (23, 0.8), (24.2, 5), (30, 6), (36.5, 4)]
    )
]


def test_a_dialogue_with_pauses() -> None:
    spans = [SpeechSpan(start_s, end_s) for start_s, end_s, _ in DIALOGUE]
    result = found(spans, DIALOGUE, SpeakerCount())
    assert len(result.voices) == 2
    assert agreement(result.turns, DIALOGUE) > 0.97


def test_a_change_without_a_pause_is_found_to_a_few_tenths() -> None:
    script: Script = [(0, 8.0, 0), (8.0, 15.0, 1), (15.0, 22.0, 0)]
    turns = found([SpeechSpan(0, 22)], script, SpeakerCount()).turns
    assert [turn.speaker for turn in turns] == [0, 1, 0]
    assert turns[0].end_s == pytest.approx(8.0, abs=0.5)
    assert turns[1].end_s == pytest.approx(15.0, abs=0.5)


def test_turns_cover_the_spans_in_order_without_overlap() -> None:
    spans = [SpeechSpan(start_s, end_s) for start_s, end_s, _ in DIALOGUE]
    turns = found(spans, DIALOGUE, SpeakerCount()).turns
    assert all(first.end_s <= second.start_s for first, second in pairwise(turns))
    for span in spans:
        own = [turn for turn in turns if turn.end_s > span.start_s and turn.start_s < span.end_s]
        assert own[0].start_s <= span.start_s
        assert own[-1].end_s >= span.end_s


def test_one_speaker_stays_one() -> None:
    script: Script = [(second, second + 3.5, 0) for second in range(0, 60, 4)]
    result = found(
        [SpeechSpan(start_s, end_s) for start_s, end_s, _ in script], script, SpeakerCount()
    )
    assert {turn.speaker for turn in result.turns} == {0}
    assert result.voices.shape == (1, SIZE)


def test_voices_are_in_the_order_of_the_numbers() -> None:
    spans = [SpeechSpan(start_s, end_s) for start_s, end_s, _ in DIALOGUE]
    result = found(spans, DIALOGUE, SpeakerCount())
    likeness = result.voices @ voices(2, alike=0.2).T
    assert np.argmax(likeness, axis=1).tolist() == [0, 1]


def test_without_speech_there_are_no_turns() -> None:
    nothing = np.zeros((0, SIZE), np.float32)
    assert diarize([], [], nothing, SpeakerCount(), RULES).turns == []


def test_speech_too_short_for_a_voice_is_the_first_speaker() -> None:
    spans = [SpeechSpan(1.0, 1.15)]
    nothing = np.zeros((0, SIZE), np.float32)
    result = diarize(spans, plan_windows(spans, RULES), nothing, SpeakerCount(), RULES)
    assert result.turns == [SpeakerTurn(1.0, 1.15, 0)]
    assert len(result.voices) == 0


def test_windows_lie_within_their_spans() -> None:
    spans = [SpeechSpan(0.5, 1.0), SpeechSpan(2, 9.3), SpeechSpan(20, 20.1), SpeechSpan(30, 31.7)]
    windows = plan_windows(spans, RULES)
    assert {window.span for window in windows} == {0, 1, 3}
    for window in windows:
        assert spans[window.span].start_s <= window.start_s + 1e-6
        assert window.end_s <= spans[window.span].end_s + 1e-6
        assert window.end_s - window.start_s <= RULES.window_s + 1e-6


@pytest.mark.parametrize("block_samples", [100, 16000, 1_000_000])
def test_windows_are_cut_from_blocks_of_any_size(block_samples: int) -> None:
    sound = np.arange(40 * SAMPLE_RATE, dtype=np.float32)
    blocks = [sound[start : start + block_samples] for start in range(0, sound.size, block_samples)]
    windows = plan_windows([SpeechSpan(0, 4), SpeechSpan(30, 39.95)], RULES)
    pieces = list(window_samples(blocks, windows, SAMPLE_RATE))
    for window, piece in zip(windows, pieces, strict=True):
        assert piece[0] == round(window.start_s * SAMPLE_RATE)
        assert piece.size == round((window.end_s - window.start_s) * SAMPLE_RATE)


def test_a_recording_shorter_than_its_spans_gives_what_there_is() -> None:
    windows = [Window(0, 1.6, 0), Window(1, 2.6, 0), Window(5, 6.6, 1)]
    pieces = window_samples([np.ones(2 * SAMPLE_RATE, np.float32)], windows, SAMPLE_RATE)
    assert [piece.size for piece in pieces] == [1.6 * SAMPLE_RATE, SAMPLE_RATE, 0]


class HearsTheLevel:
    """Tells speakers apart by how loud the sound is, so that hours of them can be made up."""

    def __init__(self) -> None:
        self._directions = voices(3, alike=0.2)
        self._random = np.random.default_rng(1234)

    def embed(self, samples: Samples) -> Vectors:
        return self.embed_windows([samples])[0]

    def embed_windows(self, windows: Iterable[Samples]) -> Vectors:
        rows: list[np.ndarray] = []
        for window in windows:
            voice = self._directions[round(float(window[window.size // 2]) * 10)]
            noise = self._random.normal(size=SIZE) / np.sqrt(SIZE)
            rows.append((voice + 0.6 * noise).astype(np.float32))
        return unit(np.stack(rows))


def test_memory_stays_flat_over_four_hours() -> None:
    speech_s, turn_s = 4 * 3600, 6
    speaker_at = [(second // turn_s) * 7 % 3 for second in range(speech_s)]

    def sound() -> Iterator[Samples]:
        for speaker in speaker_at:
            yield np.full(SAMPLE_RATE, speaker / 10, np.float32)

    spans = [SpeechSpan(s + 0.1, s + turn_s - 0.1) for s in range(0, speech_s, turn_s)]
    tracemalloc.start()
    try:
        steps = find_voices(sound(), spans, HearsTheLevel(), SpeakerCount(), RULES)
        assert sum(1 for _ in islice(steps, 100)) == 100, "others have no turn"
        result = found_voices(steps)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 << 20, "the sound alone is 879 MiB"
    names = {name: number for number, name in enumerate(dict.fromkeys(speaker_at))}
    script: Script = [(s.start_s, s.end_s, names[speaker_at[int(s.start_s)]]) for s in spans]
    assert len(result.voices) == 3
    assert agreement(result.turns, script) > 0.99


@dataclass(frozen=True)
class Word:
    text: str
    start_s: float
    end_s: float


TURNS = [SpeakerTurn(0, 2, 0), SpeakerTurn(2.5, 4, 1), SpeakerTurn(4, 6, 0)]


@pytest.mark.parametrize(
    ("start_s", "end_s", "speaker"),
    [
        (0.2, 0.5, 0),
        (1.7, 2.6, 0),
        (1.9, 3.0, 1),
        (2.1, 2.2, 0),
        (2.3, 2.45, 1),
        (3.9, 4.5, 0),
        (7.0, 8.0, 0),
        (3.0, 3.0, 1),
        (0.0, 9.0, 0),
        (1.6, 4.9, 1),
        (0.9, 5.9, 0),
    ],
)
def test_a_word_is_who_speaks_for_most_of_it(start_s: float, end_s: float, speaker: int) -> None:
    assert speaker_of(Word("word", start_s, end_s), TURNS) == speaker


def test_words_are_grouped_and_none_is_lost() -> None:
    words = [Word(str(tenth), tenth / 10, tenth / 10 + 0.1) for tenth in range(60)]
    groups = by_speaker(words, TURNS)
    assert [speaker for speaker, _ in groups] == [0, 1, 0]
    assert [word for _, group in groups for word in group] == words


def test_without_turns_nobody_speaks() -> None:
    words = [Word("alone", 0, 1)]
    assert by_speaker(words, []) == [(None, words)]
    assert by_speaker([], TURNS) == []


def test_labels() -> None:
    assert [speaker_label(number) for number in (0, 7, 12)] == [
        "SPEAKER_00",
        "SPEAKER_07",
        "SPEAKER_12",
    ]
