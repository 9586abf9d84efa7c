"""One set of tags of several pieces of sound."""

import msgspec
import pytest

from app.asr.diarization import SpeakerTurn
from app.asr.domain import Segment, parse_request
from app.asr.recognition import Tag, Tags
from app.asr.tags.mean import is_certain, labels_of, mean_tags
from app.asr.text.words import Word
from app.asr.utterances import SpokenWord, make_segments


def emotion(label: str, happy: float, sad: float, calm: float = 0.0) -> Tags:
    shares = {"EMOTION_HAPPY": happy, "EMOTION_SAD": sad, "EMOTION_NEUTRAL": calm}
    return {"emotion": Tag(f"EMOTION_{label}", shares)}


HAPPY, SAD = emotion("HAPPY", 0.9, 0.1), emotion("SAD", 0.2, 0.8)


def test_longer_pieces_weigh_more() -> None:
    found = mean_tags([(HAPPY, 3.0), (SAD, 1.0)])["emotion"]
    assert found.label == "EMOTION_HAPPY"
    assert found.probabilities["EMOTION_HAPPY"] == pytest.approx((0.9 * 3 + 0.2) / 4)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert labels_of(mean_tags([(HAPPY, 1.0), (SAD, 3.0)])) == {"emotion": "EMOTION_SAD"}


def test_one_piece_and_none_are_as_they_are() -> None:
    assert mean_tags([(HAPPY, 0.2)]) == HAPPY
    assert mean_tags([]) == mean_tags([({}, 1.0)]) == {}


def test_it_is_sure_where_those_who_say_so_are_more_often_sure_than_not() -> None:
    unsure = emotion("UNCERTAIN", 0.6, 0.4)
    for length_s, label in ((1.0, "EMOTION_HAPPY"), (5.0, "EMOTION_UNCERTAIN")):
        found = mean_tags([(HAPPY, 2.0), (unsure, length_s), (SAD, 0.5)])["emotion"]
        assert found.label == label
        assert is_certain(found.label) is (label == "EMOTION_HAPPY")
        assert max(found.probabilities, key=found.probabilities.__getitem__) == "EMOTION_HAPPY"


def test_what_is_likeliest_of_the_mean_alone_is_not_sure() -> None:
    one, other = emotion("HAPPY", 0.52, 0.0, 0.48), emotion("SAD", 0.0, 0.52, 0.48)
    found = mean_tags([(one, 1.0), (other, 1.0)])["emotion"]
    assert found.label == "EMOTION_UNCERTAIN"
    assert found.probabilities["EMOTION_NEUTRAL"] == pytest.approx(0.48)


def test_a_category_of_some_pieces_is_theirs() -> None:
    gender: Tags = {"gender": Tag("GENDER_MALE", {"GENDER_MALE": 0.7, "GENDER_FEMALE": 0.3})}
    assert mean_tags([({**HAPPY, **gender}, 1.0), (HAPPY, 9.0)])["gender"] == gender["gender"]


def word(text: str, start_s: float, tags: Tags) -> SpokenWord:
    return SpokenWord(Word(text, start_s, start_s + 0.2), "en", tags=tags)


@pytest.mark.inventory("WH-115")
def test_each_segment_has_the_tags_of_what_it_was_heard_in() -> None:
    spoken = [
        word("One", 0.0, HAPPY),
        word("two", 0.3, HAPPY),
        word("three.", 0.6, SAD),
        word("Four", 3.0, SAD),
    ]
    joined, alone = make_segments(spoken, None, parse_request({}))
    mean = joined.tags["emotion"].probabilities["EMOTION_HAPPY"]
    assert mean == pytest.approx((0.9 * 2 + 0.2) / 3)
    assert alone.tags == SAD
    turns = [SpeakerTurn(0.0, 0.55, 0), SpeakerTurn(0.55, 4.0, 1)]
    one, other, _ = make_segments(spoken, turns, parse_request({"diarize": True}))
    assert (labels_of(one.tags), labels_of(other.tags)) == (labels_of(HAPPY), labels_of(SAD))


def test_words_whose_times_fall_together_count() -> None:
    point = SpokenWord(Word("So", 0.0, 0.0), "en", tags=HAPPY)
    (segment,) = make_segments([point, word("sad", 0.0, SAD)], None, parse_request({}))
    assert 0.2 < segment.tags["emotion"].probabilities["EMOTION_HAPPY"] < 0.3


def test_transcripts_are_kept_with_their_tags_and_older_ones_are_read() -> None:
    (segment,) = make_segments([word("So", 0.0, HAPPY)], None, parse_request({}))
    stored = msgspec.json.encode(segment)
    assert msgspec.json.decode(stored, type=Segment).tags == HAPPY
    older = msgspec.json.decode(stored)
    del older["tags"]
    older |= {"metadata": {}, "metadata_probs": {}}
    assert msgspec.convert(older, Segment).tags == {}
