"""The messages of `/asr/stream`, as the clients that are in use read and write them."""

from dataclasses import replace
from typing import Any

import pytest

from app.api.gateway.stream_messages import option_values, transcript_message
from app.asr.live import Said, StreamOptions, changed_options
from app.asr.recognition import Tag
from app.asr.text.words import Word
from app.core.errors import InvalidInput

WORDS = (
    Word("Um,", 0.5, 0.8, 0.7),
    Word("pay", 0.8, 1.1, 0.9),
    Word("$500", 1.3, 1.6, 0.8),
    Word("today.", 2.7, 3.0, 0.95),
)


def said(words: tuple[Word, ...] = WORDS, *, is_final: bool = True) -> Said:
    return Said(
        channel="microphone",
        text=" ".join(word.text for word in words),
        words=words,
        start_s=0.4,
        end_s=3.1,
        language="en",
        confidence=0.84,
        model="en-tiny",
        is_final=is_final,
        utterance_end=is_final,
        process_ms=51,
    )


def asked(**fields: Any) -> StreamOptions:
    return changed_options(StreamOptions(), option_values(fields))


def test_a_final_tells_where_it_begins_and_what_it_names() -> None:
    message = transcript_message(said(), asked())
    assert (message["audioOffset"], message["process_ms"]) == (0.4, 51)
    assert [(each.entity, each.text) for each in message["entities"]] == [
        ("MONEY", "$500"),
        ("DATE", "today"),
    ]
    assert not {"words", "pauses", "speech_rate", "iwi"} & set(message)
    assert transcript_message(said(is_final=False), asked())["audioOffset"] == 0.4


@pytest.mark.inventory("WH-110", "WH-112")
def test_a_final_tells_what_was_heard_beside_its_words() -> None:
    emotion = Tag("EMOTION_UNCERTAIN", {"EMOTION_SAD": 0.6, "EMOTION_NEUTRAL": 0.4})
    intent = Tag("INTENT_THANKS", {"INTENT_THANKS": 0.9, "INTENT_APOLOGY": 0.1})
    heard = replace(said(), tags={"emotion": emotion, "intent": intent})
    message = transcript_message(heard, asked())
    unknown = dict.fromkeys(("behavior", "role", "eval", "age", "gender"))
    told = {"emotion": "EMOTION_UNCERTAIN", "intent": "INTENT_THANKS"}
    assert message["metadata"] == told | unknown
    assert not {"metadata_probs", "structured_intents"} & set(message)
    more = transcript_message(heard, asked(metadata_prob=True, structured_intents=True))
    assert more["metadata_probs"]["emotion"] == {"EMOTION_SAD": 0.6, "EMOTION_NEUTRAL": 0.4}
    assert more["structured_intents"]["speech_act"].label == "SPEECH_ACT_EXPRESS"
    assert transcript_message(said(), asked())["metadata"] == dict.fromkeys([*told, *unknown])


@pytest.mark.parametrize(
    "fields", [{"word_timestamps": True}, {"neuropsych_mode": "category_fluency_animals"}]
)
def test_words_come_with_their_pauses_and_pace(fields: dict[str, Any]) -> None:
    message = transcript_message(said(), asked(**fields))
    assert [word["filler"] for word in message["words"]] == [True, False, False, False]
    assert message["words"][1]["start"] == 0.8
    assert message["pauses"] == [
        {"start": 1.1, "end": 1.3, "duration": 0.2, "type": "short"},
        {"start": 1.6, "end": 2.7, "duration": 1.1, "type": "long"},
    ]
    assert message["iwi"] == [0.0, 0.2, 1.1]
    assert message["speech_rate"] == {
        "words_per_minute": 72.0,
        "articulation_rate_wpm": 150.0,
        "word_count": 3,
        "duration_sec": 2.5,
        "pause_count": 2,
        "total_pause_sec": 1.3,
        "filler_count": 1,
        "filler_rate": 0.25,
    }


def test_a_sentence_without_words_has_no_pace() -> None:
    message = transcript_message(said(()), asked(word_timestamps=True))
    assert (message["words"], message["pauses"], message["iwi"]) == ([], [], [])
    assert message["speech_rate"]["words_per_minute"] == 0.0


def test_hotwords_may_be_a_list() -> None:
    assert asked(hotwords=["LoanTap", "EMI"]).hotword_list == ("LoanTap", "EMI")
    assert asked(hotwords="LoanTap, EMI").hotword_list == ("LoanTap", "EMI")
    with pytest.raises(InvalidInput, match="hotwords"):
        asked(hotwords=["LoanTap", 5])


@pytest.mark.parametrize(
    ("mode", "is_on"),
    [("digit_span", True), ("true", True), (True, True), ("", False), ("False", False)],
)
def test_a_mode_may_be_the_name_of_a_test(mode: str | bool, is_on: bool) -> None:
    assert asked(neuropsych_mode=mode).neuropsych_mode is is_on
