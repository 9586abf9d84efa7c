"""Captions that players and validators accept, whatever the words and their times."""

import io
import itertools

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from webvtt.models import Caption, Timestamp

from app.asr.text.subtitles import CaptionRules, Cue, Utterance, make_cues, srt, vtt
from app.asr.text.words import Word
from tests.unit.asr.text.speech import timed

RULES = CaptionRules()
LONG = (
    "Hello there. This is a fairly long sentence that will, surely, need more than one caption "
    "to be shown to anybody who reads at a usual speed, because it is long."
)

words_strategy = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60),
        st.floats(0, 3),
        st.floats(0, 2),
    ),
    max_size=40,
)


def spoken(drawn: list[tuple[str, float, float]]) -> list[Word]:
    words: list[Word] = []
    now_s = 0.0
    for text, gap_s, length_s in drawn:
        words.append(Word(text, now_s + gap_s, now_s + gap_s + length_s))
        now_s += gap_s + length_s
    return words


def read_srt(written: str) -> list[Caption]:
    return list(webvtt.from_buffer(io.StringIO(written), format="srt")) if written else []


def ms(time: Timestamp) -> int:
    hours, minutes, seconds, rest_ms = time.to_tuple()
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest_ms


def assert_readable(cues: list[Cue]) -> None:
    for cue in cues:
        assert 0 <= cue.start_ms < cue.end_ms
        assert 1 <= len(cue.lines) <= RULES.lines or any(len(w) > 42 for w in cue.text.split())
        assert all(0 < len(line) <= RULES.line_chars for line in cue.lines)
    for one, other in itertools.pairwise(cues):
        assert one.end_ms <= other.start_ms


@given(words_strategy)
def test_any_words_make_readable_cues_that_lose_nothing(
    drawn: list[tuple[str, float, float]],
) -> None:
    words = spoken(drawn)
    cues = make_cues([Utterance(words)])
    assert_readable(cues)
    said = "".join("".join(word.text.split()) for word in words)
    assert "".join("".join(cue.text.split()) for cue in cues) == said


@given(words_strategy)
def test_words_of_a_script_without_spaces_stand_without_them(
    drawn: list[tuple[str, float, float]],
) -> None:
    cues = make_cues([Utterance(spoken(drawn), space="")])
    assert all(0 < len(line) <= RULES.line_chars // 2 for cue in cues for line in cue.lines)
    assert "".join(cue.text for cue in cues) == "".join(text for text, _, _ in drawn)


@given(words_strategy)
def test_any_words_make_files_that_other_readers_read(
    drawn: list[tuple[str, float, float]],
) -> None:
    cues = make_cues([Utterance(spoken(drawn), "SPEAKER_00")])
    read = read_srt(srt(cues))
    assert [(ms(cue.start_time), ms(cue.end_time)) for cue in read] == [
        (cue.start_ms, cue.end_ms) for cue in cues
    ]
    captions = webvtt.from_string(vtt(cues, with_speakers=True))
    assert len(captions) == len(cues)


@pytest.mark.inventory("WH-087")
def test_srt() -> None:
    cues = make_cues([Utterance(timed("Hello there."), "SPEAKER_00")])
    assert srt(cues) == "1\n00:00:00,100 --> 00:00:01,100\nHello there.\n"
    assert "[SPEAKER_00] Hello" in srt(cues, with_speakers=True)


@pytest.mark.inventory("WH-088")
def test_vtt_escapes_what_is_markup() -> None:
    written = vtt(make_cues([Utterance(timed("a <b> & --> c"), "A<B")]), with_speakers=True)
    assert written.startswith("WEBVTT\n\n00:00:00.100 --> ")
    assert "<v A&lt;B>a &lt;b&gt; &amp; --&gt; c" in written


def test_an_arrow_in_the_text_does_not_make_an_srt_cue() -> None:
    (cue,) = read_srt(srt(make_cues([Utterance(timed("00:00:01,000 --> 00:00:02,000"))])))
    assert "-->" not in cue.raw_text


@pytest.mark.inventory("WH-089")
def test_a_sentence_is_divided_where_it_can_be_read() -> None:
    cues = make_cues([Utterance(timed(LONG))])
    assert_readable(cues)
    assert " ".join(cue.text for cue in cues) == LONG
    assert max(cue.end_ms - cue.start_ms for cue in cues) <= RULES.longest_ms
    lengths = [[len(line) for line in cue.lines] for cue in cues if len(cue.lines) == 2]
    assert all(abs(first - second) <= 20 for first, second in lengths)


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    cues = make_cues([Utterance(timed("Yes. Good.", (1, 5.0)))])
    assert [cue.end_ms - cue.start_ms for cue in cues] == [1000, 1000]


def test_speakers_who_talk_at_once_do_not_overlap_on_screen() -> None:
    cues = make_cues([Utterance(timed(LONG), "A"), Utterance(timed("No, no, no."), "B")])
    assert_readable(cues)
    assert {cue.speaker for cue in cues} == {"A", "B"}


def test_hours_are_counted() -> None:
    assert "100:00:00,000 --> 100:00:01,000" in srt([Cue(360_000_000, 360_001_000, ("x",))])
