"""Phrases that are kept."""

from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest

from app.tts.cache import PhraseCache, PhraseKey
from app.tts.speech import Manner, Sentence, SpeechChunk, SpokenWord, TimedWord

MANNER = Manner(voice="af_heart", language="en-us")


def key(text: str = "hi", **changed: object) -> PhraseKey:
    sentences = (Sentence((SpokenWord(text, 0, len(text), "h"),)),)
    return replace(PhraseKey(None, "m", sentences, MANNER), **changed)


def chunks(samples: int = 1000) -> list[SpeechChunk]:
    return [SpeechChunk(np.zeros(samples, np.float32), (TimedWord("hi", 0, 2, 0.0, 0.1),))]


def test_what_was_kept_is_found() -> None:
    cache, sound = PhraseCache(100_000), chunks()
    cache.keep(key(), sound)
    assert cache.find(key()) == tuple(sound)


@pytest.mark.parametrize(
    "other",
    [
        key("ho"),
        key(owner=uuid4()),
        key(model="m2"),
        key(manner=replace(MANNER, speed=1.1)),
        key(manner=replace(MANNER, voice="am_adam")),
        key(sentences=(Sentence((SpokenWord("hi", 0, 2, "other sounds"),)),)),
    ],
)
def test_another_phrase_owner_model_or_manner_is_another(other: PhraseKey) -> None:
    cache = PhraseCache(100_000)
    cache.keep(key(), chunks())
    assert cache.find(other) is None


def test_the_least_recently_used_goes_first_and_the_bytes_hold() -> None:
    cache = PhraseCache(20_000)
    for text in ("one", "two", "three"):
        cache.keep(key(text), chunks())
        assert cache.find(key("one"))
    cache.keep(key("four"), chunks())
    assert cache.find(key("one"))
    assert cache.find(key("two")) is None
    assert cache.bytes <= 20_000
    assert len(cache) == 3


def test_the_same_kept_again_counts_once() -> None:
    cache = PhraseCache(20_000)
    cache.keep(key(), chunks())
    size = cache.bytes
    cache.keep(key(), chunks())
    assert cache.bytes == size > 4000
    cache.forget(key())
    assert cache.bytes == 0


def test_what_is_larger_than_all_room_leaves_the_others() -> None:
    cache = PhraseCache(20_000)
    cache.keep(key("one"), chunks())
    cache.keep(key("large"), chunks(10_000))
    assert cache.find(key("large")) is None
    assert cache.find(key("one"))


def test_after_clearing_nothing_is_found_and_there_is_all_room() -> None:
    cache = PhraseCache(100_000)
    cache.keep(key(), chunks())
    cache.clear()
    assert cache.find(key()) is None
    assert (len(cache), cache.bytes) == (0, 0)
