"""What is told of moods, and when."""

import pytest

from app.realtime.strategies.adaptation import EmotionAdaptation

pytestmark = pytest.mark.inventory("WH-274", "WH-286")


def news(adaptation: EmotionAdaptation, **labels: str) -> str:
    adaptation.note(labels)
    return adaptation.news()


def test_a_mood_is_told_once() -> None:
    adaptation = EmotionAdaptation()
    assert news(adaptation, emotion="EMOTION_ANGRY").startswith("The caller sounds angry.")
    assert news(adaptation, emotion="anger") == ""
    assert news(adaptation) == ""
    assert news(adaptation, emotion="EMOTION_NEUTRAL") == "The caller sounds calm again."
    assert news(adaptation, emotion="calm") == ""


def test_a_calm_voice_is_no_news() -> None:
    assert news(EmotionAdaptation(), emotion="EMOTION_NEUTRAL") == ""


def test_a_mood_without_advice_is_told_all_the_same() -> None:
    assert news(EmotionAdaptation(), emotion="bored") == "The caller sounds bored."


def test_doubt_and_talk_about_the_talk_change_nothing() -> None:
    adaptation = EmotionAdaptation()
    assert news(adaptation, emotion="EMOTION_UNCERTAIN", intent="INTENT_OTHER") == ""
    assert "angry" in news(adaptation, emotion="EMOTION_ANGRY", intent="INTENT_ACKNOWLEDGMENT")
    assert news(adaptation, emotion="EMOTION_UNCERTAIN") == ""
    assert news(adaptation, emotion="EMOTION_NEUTRAL") == "The caller sounds calm again."


def test_an_intent_is_told_when_it_changes() -> None:
    adaptation = EmotionAdaptation()
    assert "complain about bill" in news(adaptation, intent="INTENT_COMPLAIN_ABOUT_BILL")
    assert news(adaptation, intent="INTENT_COMPLAIN_ABOUT_BILL") == ""
    told = news(adaptation, intent="cancel", emotion="sad")
    assert told.startswith("The caller sounds sad.")
    assert told.endswith("cancel.")


def test_the_last_of_a_turn_counts() -> None:
    adaptation = EmotionAdaptation()
    adaptation.note({"emotion": "happy"})
    adaptation.note({"emotion": "sad", "age": "AGE_30_45"})
    assert adaptation.news().startswith("The caller sounds sad.")
