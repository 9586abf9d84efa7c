"""The recipe of the voice heads: a small run on columns made up, and what it makes of sound."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from app.asr.engines.whisper.voice import load_voice
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.voice.clips import CORPORA, age_label
from onnx_models.recipes.voice.discriminant import discriminate
from onnx_models.recipes.voice.regression import fit_temperature, odds
from onnx_models.recipes.voice.sound import RATE, noisy, pieces, telephone, without_silence
from onnx_models.recipes.voice.table import LABELS, Table
from onnx_models.recipes.voice.train import UNKNOWN, left_out, temperature_of
from onnx_models.recipes.voice.train import main as train

ROWS, SPEAKERS, SIZES = 120, 6, (2, 2, 12)


def write_corpus(
    folder: Path, name: str, told: dict[str, int], seed: int, sizes: tuple[int, ...] = SIZES
) -> None:
    """Columns that lean towards the labels. `told` is how many labels of a category there are."""
    chance, leaning = np.random.default_rng(seed), np.random.default_rng(0)
    columns = chance.standard_normal((ROWS, *sizes))
    texts = dict.fromkeys(("emotion", "gender", "age", "accent"), np.full(ROWS, ""))
    for category, labels in LABELS.items():
        directions = leaning.standard_normal((len(labels), *sizes))
        if category in told:
            places = np.arange(ROWS) // SPEAKERS % told[category]
            texts[category] = np.array(labels)[places]
            columns += directions[places]
    np.savez(
        folder / f"{name}.npz",
        pooled=columns.astype(np.float16),
        seconds=chance.uniform(1, 4, ROWS).astype(np.float32),
        condition=np.where(np.arange(ROWS) % 2, "clean", "noise"),
        corpus=np.full(ROWS, name),
        speaker=[f"{name}/{row % SPEAKERS}" for row in range(ROWS)],
        **texts,
    )


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    for seed, plan in enumerate(CORPORA, start=1):
        told = {"gender": 2, "age": 3} if plan.is_commercial else {"emotion": 6, "age": 5}
        write_corpus(tmp_path, plan.folder, told, seed)
    return tmp_path


def test_a_small_run_learns_what_can_be_learned(heard: Path) -> None:
    answer = CliRunner().invoke(train, [str(heard), str(heard)], catch_exceptions=False)
    told = json.loads(answer.output)
    assert told["emotion"]["speakers left out"]["recall"] > 0.9
    assert told["gender"]["corpora left out"]["recall"] > 0.9
    voice = load_voice(heard / "voice.onnx", OnnxRuntime("cpu", 1))
    table = Table.read([heard / "emodb.npz"])
    tags = voice.tags(table.pooled.astype(np.float32), table.seconds.tolist())
    labels = [each["emotion"].label for each in tags]
    sure = np.array([label != "EMOTION_UNCERTAIN" for label in labels])
    assert sure.mean() > 0.5
    assert (np.array(labels) == table.texts["emotion"])[sure].mean() > 0.9
    voice.close()


def test_the_same_data_give_the_same_weights(tmp_path: Path) -> None:
    """However many threads there are; columns are so many that threads would share them."""
    for seed, plan in enumerate(CORPORA, start=1):
        write_corpus(tmp_path, plan.folder, {"gender": 2, "age": 3}, seed, (2, 2, 500))
    made: list[bytes] = []
    for threads in (1, 2):
        target = tmp_path / str(threads)
        target.mkdir()
        with threadpool_limits(threads):
            CliRunner().invoke(train, [str(tmp_path), str(target), "--commercial"])
        made.append((target / "voice.commercial.onnx").read_bytes())
    assert made[0] == made[1]


def test_the_commercial_variant_learns_of_commercial_sets_alone(heard: Path) -> None:
    answer = CliRunner().invoke(train, [str(heard), str(heard), "--commercial"])
    assert set(json.loads(answer.output)) == {"gender", "age"}
    card = (heard / "voice.commercial.toml").read_text("utf-8")
    assert re.findall(r"^\[(\w+)\]$", card, re.MULTILINE) == ["gender", "age"]
    assert "AGE_45_60" not in card


def test_nobody_is_asked_about_whom_the_head_learned_of(heard: Path) -> None:
    table = Table.read(sorted(heard.glob("*.npz")))
    asked: list[int] = []
    for known, others in table.folds():
        speakers = table.texts["speaker"]
        assert not set(speakers[known]) & set(speakers[others])
        asked += others.tolist()
    assert sorted(asked) == list(range(table.seconds.size))


def test_labels_and_in_them_corpora_weigh_the_same(heard: Path) -> None:
    table = Table.read(sorted(heard.glob("*.npz"))).labelled("age")
    weights, texts = table.weights("age"), table.texts
    of_label = [weights[texts["age"] == label].sum() for label in LABELS["age"]]
    np.testing.assert_allclose(of_label, of_label[0], rtol=1e-4)
    youngest = texts["age"] == "AGE_0_18"
    of_corpus = [
        weights[youngest & (texts["corpus"] == corpus)].sum()
        for corpus in np.unique(texts["corpus"][youngest])
    ]
    np.testing.assert_allclose(of_corpus, of_corpus[0], rtol=1e-4)


def test_what_nobody_could_learn_is_not_guessed(heard: Path) -> None:
    """One corpus has no children, the other nobody over 45."""
    table = Table.read([heard / "emodb.npz", heard / "speechocean762.npz"]).labelled("age")
    of_emodb, ages = table.texts["corpus"] == "emodb", table.texts["age"]
    table = table.select(~of_emodb | (ages != "AGE_0_18"))
    of_emodb = table.texts["corpus"] == "emodb"
    logits = left_out(table, "age", "corpus")
    assert (logits[of_emodb, 3:] == UNKNOWN).all()
    assert (logits[~of_emodb, 0] == UNKNOWN).all()
    assert (logits[of_emodb, :3] > UNKNOWN).all()
    assert (logits[~of_emodb, 1:] > UNKNOWN).all()
    assert 0.05 < temperature_of(logits, table, "age") < 20


def test_discriminants_tell_a_label_that_few_have() -> None:
    """Ten rows of a hundred columns, in which ten things vary that tell nothing."""
    chance = np.random.default_rng(0)
    mixing, leaning = chance.standard_normal((10, 100)), chance.standard_normal((2, 100)) / 2

    def rows(targets: NDArray[np.int64]) -> NDArray[np.float32]:
        noise = chance.standard_normal((targets.size, 10)) @ mixing
        noise += chance.standard_normal(noise.shape)
        return (noise + leaning[targets]).astype(np.float32)

    learned_of = np.repeat([0, 1], [200, 10])
    found = discriminate(rows(learned_of), learned_of, np.ones(210, np.float32))
    asked = np.repeat([0, 1], 100)
    right = found.logits(rows(asked)).argmax(axis=1) == asked
    assert right[asked == 0].mean() > 0.8
    assert right[asked == 1].mean() > 0.8


def test_the_temperature_makes_odds_as_likely_as_they_say() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(0, 2, (4000, 3))
    targets = np.array([chance.choice(3, p=row) for row in odds(logits.astype(np.float32), 1.0)])
    boasting = (logits * 4).astype(np.float32)
    found = fit_temperature(boasting, targets, np.ones(4000, np.float32))
    assert found == pytest.approx(4, rel=0.1)


TONES = sum(
    np.float32(0.2) * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE) for hertz in (100, 1000)
).astype(np.float32)


def test_a_telephone_carries_its_band_alone() -> None:
    heard = telephone(TONES, 0.2)
    spectrum = np.abs(np.fft.rfft(heard))
    assert heard.size == TONES.size
    assert np.abs(heard).max() == pytest.approx(0.2, abs=0.02)
    assert spectrum[100] < 0.01 * spectrum[1000]
    assert spectrum[4001:].max() < 0.01 * spectrum[1000]


def test_noise_is_as_loud_as_asked() -> None:
    noise = np.random.default_rng(0).normal(0, 3, 5000).astype(np.float32)
    added = noisy(TONES, noise, 10.0) - TONES
    assert 10 * np.log10((TONES**2).mean() / (added**2).mean()) == pytest.approx(10, abs=0.1)
    assert noisy(TONES, np.zeros(100, np.float32), 10.0) is TONES


def test_silence_around_speech_is_cut_off() -> None:
    sound = np.concatenate((np.zeros(2 * RATE), TONES, np.zeros(RATE))).astype(np.float32)
    assert without_silence(sound).size == pytest.approx(1.2 * RATE, abs=0.05 * RATE)
    assert without_silence(TONES).size == TONES.size
    assert [each.size / RATE for each in pieces(np.tile(TONES, 23), 3)] == [5, 5, 5]
    assert [each.size / RATE for each in pieces(TONES, 3)] == [1]


def test_ages_have_the_documented_labels() -> None:
    ages = (6, 17, 18, 29, 30, 44, 45, 59, 60, 90)
    assert [age_label(age) for age in ages] == [each for each in LABELS["age"] for _ in "ab"]
    assert (age_label("twenties"), age_label("thirties"), age_label(None)) == ("AGE_18_30", "", "")
