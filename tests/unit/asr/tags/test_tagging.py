"""Who asks for tags of words, of which words, and what becomes of them where there are none. What
tags them here looks for a word."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import msgspec
import pytest

from app.asr.catalogue import Catalogue, SpeechModel
from app.asr.domain import Segment, Transcript, parse_request
from app.asr.engines.word_tags import WordTags
from app.asr.recognition import Tag, Tags
from app.asr.tagging import WORD_TAGS, Tagging, of_voice_alone
from app.asr.tags.labels import Kind
from app.core.errors import Unavailable
from app.inference.executor import Executor, Lane, LaneSize

VOICE: Tags = {"emotion": Tag("EMOTION_SAD", {"EMOTION_SAD": 0.8, "EMOTION_HAPPY": 0.2})}
CATALOGUE = Catalogue("all")
LARGE, TINY = (CATALOGUE.choose(name, "en").model for name in ("whissle-large", "en-tiny"))


class Thanks(WordTags):
    def __init__(self) -> None:
        self.asked: list[tuple[list[str], Kind]] = []

    def tag(self, texts: Sequence[str], kind: Kind) -> list[Tags]:
        self.asked.append((list(texts), kind))
        return [self._tags("thank" in text.lower()) for text in texts]

    def _tags(self, is_thanks: bool) -> Tags:
        likely = 0.9 if is_thanks else 0.2
        shares = {"INTENT_THANKS": likely, "INTENT_OFFER": 0.95 - likely, "INTENT_APOLOGY": 0.05}
        return {"intent": Tag(max(shares, key=shares.__getitem__), shares)}


class Models:
    """Lends one model, or says why not."""

    def __init__(self, model: WordTags | None) -> None:
        self._model = model
        self.lent: list[tuple[str, Lane]] = []

    @asynccontextmanager
    async def lease(self, model_id: str, kind: type[Any], lane: Lane) -> AsyncGenerator[WordTags]:
        if self._model is None:
            raise Unavailable("not installed: word-tags")
        assert isinstance(self._model, kind)
        self.lent.append((model_id, lane))
        yield self._model


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    size = LaneSize(threads=1, waiting=8)
    executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
    yield executor
    await executor.close()


def tagging(executor: Executor, model: WordTags | None) -> tuple[Tagging, Models]:
    models = Models(model)
    return Tagging(cast("Any", models), executor), models


def segment(text: str, language: str = "en") -> Segment:
    return Segment(0.0, 1.0, text, 1.0, (), language, tags=VOICE)


def told(*segments: Segment) -> Transcript:
    return Transcript(
        text="", raw="", language="en", language_probability=1.0, segments=tuple(segments)
    )


def labels(transcript: Transcript) -> list[dict[str, str]]:
    return [{name: tag.label for name, tag in each.tags.items()} for each in transcript.segments]


async def test_all_segments_are_tagged_in_one_call_of_the_batch_lane(executor: Executor) -> None:
    model = Thanks()
    tags, models = tagging(executor, model)
    transcript = told(segment("Thank you."), segment("Gracias.", "es"), segment("नमस्ते", "hi"))
    found = await tags.of_transcript(transcript, LARGE, parse_request({}))
    assert labels(found) == [
        {"emotion": "EMOTION_SAD", "intent": "INTENT_THANKS"},
        {"emotion": "EMOTION_SAD"},
        {"emotion": "EMOTION_SAD", "intent": "INTENT_OFFER"},
    ]
    assert model.asked == [(["Thank you.", "नमस्ते"], "general")]
    assert models.lent == [(WORD_TAGS, Lane.BATCH)]
    assert found.not_applied == ()


async def test_a_name_that_tells_no_tags_has_none_whatever_its_weights_tell(
    executor: Executor,
) -> None:
    model = Thanks()
    tags, _ = tagging(executor, model)
    found = await tags.of_transcript(told(segment("Thank you.")), TINY, parse_request({}))
    assert labels(found) == [{}]
    assert await tags.of_words(["Thank you."], "en", TINY) == [{}]
    assert model.asked == []


def test_a_transcript_that_is_answered_without_tags_keeps_those_that_its_model_tells() -> None:
    thirds = Tag("EMOTION_SAD", {"EMOTION_SAD": 2 / 3, "EMOTION_HAPPY": 1 / 3})
    heard = told(replace(segment("Thank you."), tags={"emotion": thirds}))
    (kept,) = of_voice_alone(heard, LARGE).segments
    assert kept.tags["emotion"].probabilities == {"EMOTION_SAD": 0.6667, "EMOTION_HAPPY": 0.3333}
    assert labels(of_voice_alone(heard, TINY)) == [{}]


async def test_words_are_not_lost_for_want_of_their_tags(executor: Executor) -> None:
    tags, _ = tagging(executor, None)
    asked = parse_request({"structured_intents": "true"})
    found = await tags.of_transcript(told(segment("Thank you.")), LARGE, asked)
    assert labels(found) == [{"emotion": "EMOTION_SAD"}]
    assert [(each.option, each.reason) for each in found.not_applied] == [
        ("metadata", "intent: words are not tagged: not installed: word-tags"),
        ("structured_intents", "words are not tagged: not installed: word-tags"),
    ]
    assert await tags.of_words(["Thank you."], "en", LARGE) == [{}]
    async with tags.holding(LARGE):
        pass


async def test_words_of_other_languages_are_said_not_to_be_tagged(executor: Executor) -> None:
    tags, _ = tagging(executor, Thanks())
    spanish = told(segment("Gracias.", "es"))
    asked = parse_request({"intent_labels": "INTENT_THANKS"})
    found = await tags.of_transcript(spanish, LARGE, asked)
    assert [(each.option, each.reason) for each in found.not_applied] == [
        ("intent_labels", "only words of en, hi are tagged"),
    ]
    assert (await tags.of_transcript(spanish, LARGE, parse_request({}))).not_applied == ()
    assert await tags.of_words(["Gracias."], "es", LARGE) == [{}]


@pytest.mark.inventory("WH-066")
async def test_intents_are_those_that_were_asked_for(executor: Executor) -> None:
    tags, _ = tagging(executor, Thanks())
    asked = parse_request({"intent_labels": "INTENT_OFFER,INTENT_APOLOGY"})
    found = await tags.of_transcript(told(segment("Thank you.")), LARGE, asked)
    intent = found.segments[0].tags["intent"]
    assert sum(intent.probabilities.values()) == pytest.approx(1)
    assert set(intent.probabilities) == {"INTENT_OFFER", "INTENT_APOLOGY"}


async def test_what_is_said_live_is_tagged_in_its_own_lane(executor: Executor) -> None:
    tags, models = tagging(executor, Thanks())
    model: SpeechModel = LARGE
    async with tags.holding(model):
        found = await tags.of_words(["Thank you, bye.", "Bye."], "en", model)
    assert [each["intent"].label for each in found] == ["INTENT_THANKS", "INTENT_OFFER"]
    assert models.lent == [(WORD_TAGS, Lane.REALTIME)] * 2
    assert await tags.of_words([""], "en", model) == [{}]


async def test_probabilities_are_kept_with_four_digits(executor: Executor) -> None:
    """A call of an hour would take megabytes for digits that nobody can trust."""
    tags, _ = tagging(executor, Thanks())
    emotion = {f"EMOTION_{at}": (at + 1) / 21 for at in range(6)}
    heard = replace(segment("Thank you."), tags={"emotion": Tag("EMOTION_UNCERTAIN", emotion)})
    found = await tags.of_transcript(told(heard), LARGE, parse_request({}))
    kept = msgspec.json.decode(msgspec.json.encode(found), type=Transcript)
    shares = kept.segments[0].tags["emotion"]
    assert shares.label == "EMOTION_UNCERTAIN"
    assert [*shares.probabilities.items()] == [
        ("EMOTION_5", 0.2857),
        ("EMOTION_4", 0.2381),
        ("EMOTION_3", 0.1905),
        ("EMOTION_2", 0.1429),
        ("EMOTION_1", 0.0952),
        ("EMOTION_0", 0.0476),
    ]
