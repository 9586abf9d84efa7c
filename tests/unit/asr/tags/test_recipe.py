"""The recipe of `onnx_models/word-tags`: templates that expand, and a training in small."""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from app.asr.tags.ngrams import phrases_of, pieces_of, words_of
from app.inference.onnx import OnnxRuntime

ROOT = Path(__file__).parents[4]
RECIPE = ROOT / "onnx_models" / "recipes" / "words"
NAMES = ("generate", "corpus", "linear", "export")
CHANCE = random.Random(1)  # noqa: S311
SAID = {
    "YES": ["yes please", "yes I do", "oh yes", "yes of course", "sure yes"],
    "NO": ["no thanks", "no never", "oh no", "no of course not", "certainly no"],
}


@pytest.fixture(scope="module")
def recipe() -> Iterator[dict[str, ModuleType]]:
    """Its modules know each other by their bare names, as when one is run."""
    sys.path.insert(0, str(RECIPE))
    try:
        yield {name: __import__(name) for name in NAMES}
    finally:
        sys.path.remove(str(RECIPE))
        for name in NAMES:
            del sys.modules[name]


def test_every_label_has_templates_and_held_out_phrases(recipe: dict[str, ModuleType]) -> None:
    for name, labels in recipe["corpus"].HEADS.items():
        for kind in ("utterances", "held_out"):
            found = {path.stem for path in (RECIPE / kind / name).glob("*.txt")}
            assert found == set(labels), (kind, name)


def test_every_template_expands_to_plain_words(recipe: dict[str, ModuleType]) -> None:
    generate = recipe["generate"]
    for name, slots_file in generate.SLOTS.items():
        slots = generate.read_slots(RECIPE / slots_file)
        for path in (RECIPE / "utterances" / name).glob("*.txt"):
            for template in generate.read_lines(path):
                text = generate.expanded(template, slots, CHANCE)
                assert not set("{}()[]|") & set(text), (path.name, template)


def test_the_same_seed_gives_the_same_utterances(recipe: dict[str, ModuleType]) -> None:
    generate = recipe["generate"]
    once, again = (list(generate.utterances("eval", 50)) for _ in range(2))
    assert once == again
    assert set(Counter(each.label for each in once).values()) == {50}
    texts = [(each.label, each.text.lower()) for each in once]
    assert len(set(texts)) == len(texts)
    assert list(generate.utterances("eval", 50, seed=8)) != once


def test_nothing_held_out_is_learned(
    recipe: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = recipe["corpus"]
    monkeypatch.setattr(corpus, "PER_LABEL", dict.fromkeys(corpus.HEADS, 60))
    learned = {each.words for each in corpus.training_examples(7)}
    held = {words for name in corpus.HEADS for words, _ in corpus.held_out(name)}
    assert held
    assert not learned & held


def test_what_was_heard_of_a_template_is_kept_apart_with_it(recipe: dict[str, ModuleType]) -> None:
    """Or the temperatures would be chosen on what was learned."""
    corpus = recipe["corpus"]
    for name in corpus.HEADS:
        templates = {(each.label, each.text): each.template for each in corpus.to_be_heard(name)}
        said = [(label, text) for label, text, _ in corpus.heard_rows(name)]
        assert said
        assert templates.keys() >= set(said)


def test_a_small_training_learns_and_its_graph_says_the_same(
    recipe: dict[str, ModuleType], tmp_path: Path
) -> None:
    linear, export = recipe["linear"], recipe["export"]
    labels = tuple(SAID)
    texts = [words_of(text) for said in SAID.values() for text in said]
    truth = np.repeat([0, 1], 5)
    rarity = linear.Rarity.of(texts)
    features = linear.Features.of(texts, rarity)
    model = linear.learn(features, truth, np.ones(10, np.float32), 2, seed=1)
    assert (model.scores(features).argmax(1) == truth).all()

    trained = export.Trained(rarity, {"answer": model}, {"answer": 0.5})
    export.export(trained, {"answer": labels}, tmp_path)
    graph = OnnxRuntime("cpu", 1).open(tmp_path / "word_tags.onnx")
    unseen = words_of("yes I am certainly sure")
    said = graph.run(fed("phrases", phrases_of(unseen)) | fed("runs", pieces_of(unseen)))[0]
    scores = model.scores(linear.Features.of([unseen], rarity)) / 0.5
    assert np.allclose(said, linear.likelihoods(scores), atol=0.02)
    assert said[0, 0] > 0.5


def fed(name: str, numbers: list[int]) -> dict[str, np.ndarray]:
    rows, counts = np.unique(np.array(numbers, np.int64), return_counts=True)
    return {name: rows, f"{name}_counts": counts.astype(np.float32)}
