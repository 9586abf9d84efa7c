"""What an agent may be told, how changes meet what it was told before, and what it says unasked."""

from typing import Any

import pytest

from app.calls.agents.domain import AgentInvalid, AgentSettings, changed, settings_of
from app.calls.agents.sentences import sentences_of
from app.realtime.endpointing import Patience
from app.realtime.silence import SilenceRules
from app.tts.text.languages import LANGUAGES

TOLD = {
    "name": "Sales Rep",
    "greeting": "Hi there!",
    "behavior": {
        "barge_in": False,
        "patience": {"usual_s": 0.8},
        "silence": {"quiet_s": 12, "prompt": "Hello?"},
    },
}


def test_only_a_name_is_needed_and_the_rest_makes_sense() -> None:
    settings = settings_of({"name": "Sales Rep"})
    assert settings == AgentSettings(name="Sales Rep")
    assert settings.patience == Patience()
    assert settings.silence_rules == SilenceRules()
    assert (settings.behavior.recording, settings.behavior.retention_days) == (True, 90)
    assert (settings.graph, settings.tools) == (None, ())


def test_a_call_is_told_what_was_set() -> None:
    settings = settings_of(TOLD)
    assert settings.patience == Patience(0.35, 0.8, 1.5)
    assert settings.silence_rules == SilenceRules(12, 1)
    assert settings.phrases("en-us").greeting == "Hi there!"
    assert settings.phrases("en-us").silence == "Hello?"


def test_changes_reach_into_behavior_and_its_parts() -> None:
    settings = changed(
        settings_of(TOLD),
        {"greeting": "", "behavior": {"backchannel": False, "silence": {"strikes": 3}}},
    )
    behavior = settings.behavior
    assert (settings.name, settings.greeting) == ("Sales Rep", "")
    assert (behavior.barge_in, behavior.backchannel) == (False, False)
    assert (behavior.silence.quiet_s, behavior.silence.strikes) == (12, 3)
    assert behavior.silence.prompt == "Hello?"
    assert behavior.patience.usual_s == 0.8


def test_a_graph_changes_as_a_whole() -> None:
    settings = settings_of({"name": "a", "graph": {"old": 1}})
    assert changed(settings, {"graph": {"new": 2}}).graph == {"new": 2}
    assert changed(settings, {"greeting": "x"}).graph == {"old": 1}
    assert changed(settings, {"graph": None}).graph is None


def test_nobody_minds_silence_where_that_is_off() -> None:
    settings = settings_of({"name": "a", "behavior": {"silence": {"enabled": False}}})
    assert settings.silence_rules is None


@pytest.mark.parametrize(
    ("fields", "field", "fault"),
    [
        ({"name": " "}, "name", "empty"),
        ({"name": "x" * 201}, "name", "<= 200"),
        ({"name": "a\nb"}, "name", "regex"),
        ({"name": "a", "speed": 2.1}, "speed", "<= 2.0"),
        ({"name": "a", "speed": "fast"}, "speed", "float"),
        ({"name": "a", "voice_gender": "other"}, "voice_gender", "Invalid enum"),
        ({"name": "a", "system_prompt": "a\0b"}, "system_prompt", "regex"),
        ({"name": "a", "tools": ["x"] * 101}, "tools", "<= 100"),
        ({"name": "a", "behavior": {"colour": 1}}, "behavior", "`colour`"),
        ({"name": "a", "behavior": {"silence": {"loud": 1}}}, "behavior.silence", "`loud`"),
        ({"name": "a", "behavior": {"silence": {"quiet_s": 1}}}, "behavior.silence.quiet_s", ">="),
        ({"name": "a", "behavior": {"retention_days": 0}}, "behavior.retention_days", ">= 1"),
        ({"name": "a", "behavior": {"barge_in": "no"}}, "behavior.barge_in", "bool"),
        ({"name": "a", "behavior": {"patience": {"usual_s": 5}}}, "behavior.patience", "must hold"),
        ({"name": "a", "behavior": 5}, "behavior", "object"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], field: str, fault: str) -> None:
    for refuse in (settings_of, lambda given: changed(AgentSettings(name="a"), given)):
        with pytest.raises(AgentInvalid) as refused:
            refuse(fields)
        assert refused.value.details == {"field": field}
        assert fault in refused.value.message


def test_an_agent_without_a_name_is_refused() -> None:
    with pytest.raises(AgentInvalid, match="name: it is missing"):
        settings_of({"greeting": "Hi"})


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, "default"),
        ({"voice_gender": "male"}, "male"),
        ({"voice": "tara", "voice_gender": "female"}, "tara"),
    ],
)
def test_a_gender_chooses_the_voice_where_none_is_named(fields: dict[str, str], asked: str) -> None:
    assert settings_of({"name": "a", **fields}).asked_voice == asked


def test_an_agent_speaks_its_language_also_where_nobody_wrote_the_words() -> None:
    english = sentences_of("en-us")
    for code in LANGUAGES:
        spoken = sentences_of(code)
        assert (spoken == english) == code.startswith("en")
        assert spoken.failure != spoken.silence != spoken.goodbye
    assert settings_of({"name": "a"}).phrases("hi").silence == sentences_of("hi").silence
    assert sentences_of("xx") == english
