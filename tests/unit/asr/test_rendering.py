"""A transcript as captions."""

import io
from dataclasses import replace

import pytest
import webvtt

from app.asr.domain import Segment, Transcript
from app.asr.rendering import as_captions, as_srt, as_vtt, timed_words
from app.asr.text.words import Word

CHINESE = "你是有能力的不是吗、我们明天早上八点在公园门口见面。"


def segment(text: str, start_s: float, end_s: float, speaker: str | None = None) -> Segment:
    return Segment(start_s, end_s, text, 0.9, (), "en", speaker=speaker)


def transcript(*segments: Segment) -> Transcript:
    return Transcript(
        text=" ".join(each.text for each in segments),
        raw="",
        duration_s=10,
        inference_s=1,
        model="en-tiny",
        weights="whisper-tiny.en",
        decoder="greedy",
        language="en",
        language_probability=1,
        segments=segments,
    )


def test_words_without_times_share_those_of_their_segment() -> None:
    words = timed_words(segment("a bbb", 1, 3))
    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ("a", 1, pytest.approx(1.5)),
        ("bbb", pytest.approx(1.5), pytest.approx(3)),
    ]


def test_captions_name_speakers_where_they_are_known() -> None:
    two = transcript(segment("Hello.", 1, 3, "SPEAKER_00"), segment("Hi.", 4, 5, "SPEAKER_01"))
    assert [(each.speaker, each.text) for each in as_captions(two)] == [
        ("SPEAKER_00", "Hello."),
        ("SPEAKER_01", "Hi."),
    ]
    assert "[SPEAKER_01] Hi." in as_srt(two)
    assert "<v SPEAKER_00>Hello." in as_vtt(two)
    one = transcript(segment("Hello.", 1, 3))
    assert [each.raw_text for each in webvtt.from_buffer(io.StringIO(as_srt(one)), "srt")] == [
        "Hello."
    ]


@pytest.mark.inventory("WH-087", "WH-088", "WH-089")
@pytest.mark.parametrize("with_words", [True, False])
def test_captions_of_a_script_without_spaces_have_none(with_words: bool) -> None:
    words = [Word(letter, 1 + at / 5, 1.2 + at / 5) for at, letter in enumerate(CHINESE)]
    spoken = segment(CHINESE, 1, words[-1].end_s)
    chinese = transcript(replace(spoken, language="zh", words=tuple(words) if with_words else ()))
    (caption,) = as_captions(chinese)
    assert caption.text == CHINESE
    for written in (as_srt(chinese), as_vtt(chinese)):
        *_, first, second = written.splitlines()
        assert first + second == CHINESE
        assert max(len(first), len(second)) <= 21
    assert "".join(word.text for word in timed_words(chinese.segments[0])) == CHINESE


def test_where_nothing_was_said_there_are_no_captions() -> None:
    assert as_captions(transcript()) == []
    assert as_srt(transcript()) == ""
    assert as_vtt(transcript()).startswith("WEBVTT")
