"""A transcript as captions."""

import io

import pytest
import webvtt

from app.asr.domain import Segment, Transcript
from app.asr.rendering import as_captions, as_srt, as_vtt, timed_words


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


def test_where_nothing_was_said_there_are_no_captions() -> None:
    assert as_captions(transcript()) == []
    assert as_srt(transcript()) == ""
    assert as_vtt(transcript()).startswith("WEBVTT")
