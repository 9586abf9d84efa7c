"""Marks and capitals by the weights that lie in the repository."""

from collections.abc import Generator

import pytest

from app.asr.domain import parse_request
from app.asr.engines.marks import Marks, load_marks
from app.asr.marking import Marking
from app.asr.text import punctuation
from app.asr.text.folding import key
from app.asr.text.words import Word, text_of
from app.inference.executor import Executor, Lane
from app.inference.manifest import Manifest, Model
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.wiring.senses import MARKS
from tests.integration.asr.conftest import BUDGET_BYTES
from tests.unit.asr.text.speech import timed

ENTRY = Model("marks", "Marks", "Apache-2.0", "marks", kept=True)
CALL = "good morning this is susan calling from the bank am i speaking with john"


@pytest.fixture(scope="module")
def marks() -> Generator[Marks]:
    marks = load_marks(MARKS, OnnxRuntime("cpu", 1))
    yield marks
    marks.close()


@pytest.mark.inventory("WH-046")
@pytest.mark.parametrize(
    ("said", "language", "expected"),
    [
        ("hello how are you", "en", "Hello! How are you?"),
        ("that is amazing where did you go", "en", "That is amazing! Where did you go?"),
        ("thank you very much have a nice day", "en", "Thank you very much. Have a nice day!"),
        ("i live in london and i work for the united states", "en-in",
         "I live in London, and I work for the United States."),
        ("आप कैसे हैं मैं ठीक हूँ", "hi", "आप कैसे हैं? मैं ठीक हूँ।"),
        ("मेरी किताब कहाँ है", "hi", "मेरी किताब कहाँ है?"),
    ],
)  # fmt: skip
def test_plain_sentences(marks: Marks, said: str, language: str, expected: str) -> None:
    assert text_of(marks.punctuate(timed(said), language)) == expected


def test_a_breath_of_several_sentences_is_parted_where_rules_need_pauses(marks: Marks) -> None:
    said = timed(CALL)
    found = text_of(marks.punctuate(said, "en"))
    assert found.count(".") == 1
    assert found.endswith("John?")
    assert text_of(punctuation.punctuate(said, "en")).count(".") == 1


def test_what_was_heard_stays(marks: Marks) -> None:
    said = timed(f"{CALL} yes speaking how can i help you", (14, 1.2))
    found = marks.punctuate(said, "en")
    assert [key(each.text) for each in found] == [each.text for each in said]
    for before, after in zip(said, found, strict=True):
        assert (after.start_s, after.end_s) == (before.start_s, before.end_s)
        assert (after.confidence, after.raw) == (before.confidence, before.text)


def test_words_with_marks_and_other_languages_are_not_its_business(marks: Marks) -> None:
    marked = timed("Hello, I am here.")
    assert marks.punctuate(marked, "en") == marked
    french = timed("bonjour je suis là", (1, 0.9))
    assert marks.punctuate(french, "fr") == punctuation.punctuate(french, "fr")


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["\x00", "\ud800"],
        ["🙂"] * 3,
        ["a" * 50_000, "b"],
        ["-", "'", '"'],
        ["so"] * 20_000,
    ],
)
def test_anything_can_be_said(marks: Marks, texts: list[str]) -> None:
    words = [Word(text, at, at + 1, 0.5) for at, text in enumerate(texts)]
    found = marks.punctuate(words, "en")
    assert [(each.start_s, each.end_s) for each in found] == [
        (each.start_s, each.end_s) for each in words
    ]


async def test_said_live_it_is_written_by_the_weights(executor: Executor) -> None:
    registry = ModelRegistry(
        Manifest((ENTRY,)),
        ModelStore(MARKS),
        {"marks": lambda _: load_marks(MARKS, OnnxRuntime("cpu", 1))},
        budget_bytes=BUDGET_BYTES,
    )
    marking = Marking(registry, executor)
    said = timed("आप कैसे हैं मैं ठीक हूँ")
    found = await marking.write(said, "hi", parse_request({}))
    assert text_of(found) == "आप कैसे हैं? मैं ठीक हूँ।"
    plain = await marking.write(said, "hi", parse_request({"punctuation": False}))
    assert text_of(plain) == text_of(said)
    await registry.close()


async def test_without_weights_there_are_rules(models: ModelRegistry, executor: Executor) -> None:
    """Its registry cannot load them."""
    said = timed("hello there i think we go", (2, 1.0))
    found = await Marking(models, executor).write(said, "en", parse_request({}))
    assert text_of(found) == "Hello there. I think we go."
    async with Marking(models, executor).lend(Lane.BATCH, ["en"]) as punctuate:
        assert punctuate is punctuation.punctuate
