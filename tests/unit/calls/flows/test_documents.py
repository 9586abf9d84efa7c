"""Graphs that are wrong: each mistake is told with the path of the field."""

import copy
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from app.calls.flows.documents import GraphInvalid, appointment, graph_of, schema
from tests.unit.calls.flows.transcripts import Conversation, played

EXAMPLE = msgspec.json.decode(
    files("app.calls.flows").joinpath("examples/appointment.json").read_bytes()
)
Change = Callable[[Any], object]


def problems(document: object) -> dict[str, str]:
    with pytest.raises(GraphInvalid) as caught:
        graph_of(msgspec.json.encode(document))
    return {item["path"]: item["problem"] for item in caught.value.details["problems"]}


def changed(**parts: dict[str, Any]) -> dict[str, Any]:
    """The example with some states, slots or intents put in place of, or beside, its own."""
    document = copy.deepcopy(EXAMPLE)
    for part, items in parts.items():
        document[part].update(items)
    return document


def says(text: str) -> dict[str, list[str]]:
    return {"en": [text], "hi": [text]}


def state(name: str, **fields: Any) -> dict[str, Any]:
    return changed(states={name: {**EXAMPLE["states"][name], **fields}})


def test_the_example_is_right() -> None:
    assert appointment() == graph_of(msgspec.json.encode(EXAMPLE))


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        ({**EXAMPLE, "start": "nowhere"}, "start", "there is no state 'nowhere'"),
        (
            state("name", next=[{"to": "nowhere"}]),
            "states.name.next[0].to",
            "there is no state 'nowhere'",
        ),
        (
            changed(intents={"help": {"to": "nowhere"}}),
            "intents.help.to",
            "there is no state 'nowhere'",
        ),
        (state("name", asks="nothing"), "states.name.asks", "there is no slot 'nothing'"),
        (
            state("name", sets={"nothing": 1}),
            "states.name.sets.nothing",
            "there is no slot 'nothing'",
        ),
        (
            state("greeting", say=says("Hello {nothing}")),
            "states.greeting.say.en[0]",
            "there is no slot 'nothing'",
        ),
        (
            state("greeting", say=says("Hello {name")),
            "states.greeting.say.en[0]",
            "a brace without its other half",
        ),
        (
            state("greeting", say=says("Hello {name}")),
            "states.greeting.say.en[0]",
            "'name' may still be empty here",
        ),
        (
            state("day", say=says("Not {day}?")),
            "states.day.say.en[0]",
            "'day' may still be empty here",
        ),
        (
            state("service", say=says("And on {day}?")),
            "states.service.say.en[0]",
            "'day' may still be empty here",
        ),
        (state("greeting", next=[]), "states.greeting.next", "no way out of this state"),
        (
            state("booked", next=[{"to": "name"}]),
            "states.booked.next",
            "nothing comes after the end",
        ),
        (
            changed(states={"island": {"say": says("Ahoy."), "ends": "lost"}}),
            "states.island",
            "no way leads to this state",
        ),
        (
            state("greeting", next=[{"to": "name", "when": [{"slot": "name", "is_filled": True}]}]),
            "states.greeting.next[0].when",
            "the last way must be open: there is no other",
        ),
        (
            state("greeting", next=[{"to": "name"}, {"to": "day"}]),
            "states.greeting.next[0].when",
            "without a condition the ways after it are never taken",
        ),
        (
            state("phone", next=[{"to": "greeting"}]),
            "states.phone.next",
            "a loop in which no state asks anew may never end",
        ),
        (
            state("greeting", say={"en": ["Hello."]}),
            "states.greeting.say.hi",
            "there are no words for this language",
        ),
        (
            state("greeting", say={**says("Hello."), "fr": ["Bonjour."]}),
            "states.greeting.say.fr",
            "not among the languages of the graph",
        ),
        (state("name", say={}), "states.name.say.en", "there are no words for this language"),
        (
            state("booked", transfers="desk"),
            "states.booked.ends",
            "a state that transfers cannot do this too",
        ),
        (state("greeting", asks_anew=True), "states.greeting.asks_anew", "this state asks nothing"),
        (
            state("greeting", sets={"day": "Monday"}),
            "states.greeting.sets.day",
            "'Monday' is no value of 'day'",
        ),
        (
            state(
                "greeting",
                next=[{"to": "name", "when": [{"slot": "time", "most": 9}]}, {"to": "name"}],
            ),
            "states.greeting.next[0].when[0].most",
            "9.0 is no value of 'time'",
        ),
        (
            state("greeting", next=[{"to": "name", "when": [{"slot": "time"}]}, {"to": "name"}]),
            "states.greeting.next[0].when[0]",
            "says nothing of the slot",
        ),
        (
            {**EXAMPLE, "silent": {"to": "name"}},
            "silent.to",
            "leads to a question, and nobody is there to answer it",
        ),
        (
            changed(intents={"weather": {}}),
            "intents.weather.phrases.en",
            "there are no words for this language",
        ),
        (
            changed(intents={"start_over": {"forgets": True}}),
            "intents.start_over.to",
            "whoever forgets everything has to say where to go on",
        ),
        (
            changed(intents={"repeat": {"language": "fr"}}),
            "intents.repeat.language",
            "not among the languages of the graph",
        ),
        (
            changed(slots={"name": {"capture": {"kind": "text"}, "is_volunteered": True}}),
            "slots.name.is_volunteered",
            "a text is only known for one where it is asked for",
        ),
        (
            changed(slots={"name": {"capture": {"kind": "pattern", "expression": "(a"}}}),
            "slots.name.capture.expression",
            "no expression, or one that might run for long",
        ),
        (
            changed(slots={"name": {"capture": {"kind": "pattern", "expression": "(?=a)a"}}}),
            "slots.name.capture.expression",
            "no expression, or one that might run for long",
        ),
        (
            changed(slots={"phone": {"capture": {"kind": "phone", "least": 9, "most": 8}}}),
            "slots.phone.capture.least",
            "more than the most: 8",
        ),
        (
            changed(slots={"name": {**EXAMPLE["slots"]["name"], "heard": says("{day}")}}),
            "slots.name.heard.en[0]",
            "it may use this slot alone: others may be empty",
        ),
        (
            changed(
                slots={
                    "mistake": {
                        "capture": {
                            "kind": "choice",
                            "options": {
                                "first": {"words": says("it")},
                                "second": {"words": says("It")},
                            },
                        }
                    }
                }
            ),
            "slots.mistake.capture.options.second.words.en[0]",
            "means first already",
        ),
        ({**EXAMPLE, "languages": ["en", "hi", "en"]}, "languages", "the same language twice"),
        (
            {**EXAMPLE, "languages": ["en", "hi", "ta"]},
            "slots.is_right.capture",
            "no yesno is understood in 'ta'",
        ),
        (
            {**EXAMPLE, "languages": ["en", "hi", "ta"]},
            "intents.repeat.phrases.ta",
            "there are no words for this language",
        ),
        (state("name", asked="name"), "states.name", "Object contains unknown field `asked`"),
        (
            state("name", next=[{"when": []}]),
            "states.name.next[0]",
            "Object missing required field `to`",
        ),
        (
            changed(slots={"name": {"capture": {"kind": "numbr"}}}),
            "slots.name.capture.kind",
            "Invalid value 'numbr'",
        ),
        (
            {**EXAMPLE, "unclear": {"to": "operator", "most": 99}},
            "unclear.most",
            "Expected `int` <= 10",
        ),
        ({**EXAMPLE, "states": []}, "states", "Expected `object`, got `array`"),
        ([], "", "Expected `object`, got `array`"),
    ],
)
def test_a_mistake_is_told_where_it_is(document: object, path: str, problem: str) -> None:
    assert problems(document).get(path) == problem


def test_what_is_no_json_is_told_so() -> None:
    for document in (b"", b"{", b"\xff", b'{"name": "\xff"}'):
        with pytest.raises(GraphInvalid):
            graph_of(document)


def test_all_mistakes_of_a_kind_are_told_at_once() -> None:
    document = state("name", asks="nothing", next=[{"to": "nowhere"}])
    assert set(problems(document)) == {"states.name.asks", "states.name.next[0].to"}


def test_the_schema_takes_the_example_and_refuses_what_is_misspelled() -> None:
    validator = jsonschema_rs.validator_for(schema())
    assert validator.is_valid(EXAMPLE)
    assert not validator.is_valid(state("name", asked="name"))


def test_a_slot_that_a_condition_found_filled_may_be_said() -> None:
    ways = [{"to": "known", "when": [{"slot": "day", "is_filled": True}]}, {"to": "name"}]
    document = changed(
        states={
            "greeting": {"say": says("Hello."), "next": ways},
            "known": {"say": says("On {day}."), "next": [{"to": "name"}]},
        }
    )
    assert graph_of(msgspec.json.encode(document)).start == "greeting"


def test_the_documentation_tells_the_truth() -> None:
    text = (Path(__file__).parents[4] / "docs" / "dialogue_graphs.md").read_text("utf-8")
    flow = graph_of(text.partition("```json\n")[2].partition("```")[0].encode())
    lines = text.partition("```text\n")[2].partition("```")[0].splitlines()
    conversation = Conversation("", "", "en", tuple(lines))
    assert [line for line in played(conversation, flow) if not line.startswith(" ")] == lines
