"""The real encoder: the same numbers as the published network, and speakers that come out apart."""

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.asr.clustering import SpeakerCount, nearest
from app.asr.diarization import DiarizationRules
from app.asr.domain import SpanRules, SpeechSpan
from app.asr.engines.ge2e import (
    EMBEDDING_SIZE,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Ge2eEncoder,
    levelled,
    window_starts,
)
from app.asr.engines.ge2e_recipe import LINEAR_BIAS, LINEAR_WEIGHT, LSTM
from app.asr.service import SpeechService
from app.asr.voices import find_voices, found_voices
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.onnx import OnnxRuntime

NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


def lively(seed: int, seconds: float = 4.0) -> Samples:
    """Harmonics of a gliding pitch in syllables: no speech, but no two seeds sound alike."""
    random = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = random.uniform(90, 260)
    phase = 2 * np.pi * np.cumsum(pitch_hz + 30 * np.sin(2 * np.pi * time_s + seed)) / SAMPLE_RATE
    tone = sum(np.sin(order * phase) / order for order in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time_s), 0, 1)
    return (0.1 * tone * syllables + random.normal(0, 0.005, time_s.size)).astype(np.float32)


def test_the_recipe_takes_whole_tensors(ge2e_folder: Path) -> None:
    """The publisher's file says before each of its tensors how many numbers follow."""
    published = (ge2e_folder.parent / "pretrained.pt").read_bytes()
    for start, length in (LINEAR_BIAS, LINEAR_WEIGHT, LSTM):
        assert int.from_bytes(published[start - 8 : start], "little") * 4 == length


def test_the_graph_is_the_published_network(ge2e_folder: Path) -> None:
    """Against the recurrence written out: three layers, gates in the order of the publisher."""
    weights = np.fromfile(ge2e_folder / "weights.bin", "<f4")
    bias, linear, lstm = np.split(weights, [256, 256 + 65536])
    sizes = [40, 256, 256, 256, 256, 256]
    parts = np.split(lstm, np.cumsum([1024 * size for size in sizes] + [1024] * 5))
    matrices = [part.reshape(1024, -1) for part in parts[:6]]
    mels = np.random.default_rng(0).random((2, 160, 40), np.float32)
    found = OnnxRuntime("cpu", 1).open(ge2e_folder / "encoder.onnx").run({"mels": mels})[0]
    for row, frames in zip(found, mels, strict=True):
        below = frames
        for layer in range(3):
            hidden = cell = np.zeros(256)
            inputs, recurrent = matrices[2 * layer : 2 * layer + 2]
            offset = parts[6 + 2 * layer] + parts[7 + 2 * layer]
            outputs = []
            for step in below:
                gates = np.split(inputs @ step + recurrent @ hidden + offset, 4)
                take, forget, give = (1 / (1 + np.exp(-gates[index])) for index in (0, 1, 3))
                cell = forget * cell + take * np.tanh(gates[2])
                hidden = give * np.tanh(cell)
                outputs.append(hidden)
            below = np.array(outputs)
        expected = np.maximum(0, linear.reshape(256, 256) @ hidden + bias)
        np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-5)


def test_an_embedding_is_192_numbers_of_length_one(ge2e: Ge2eEncoder) -> None:
    embedding = ge2e.embed(lively(1))
    assert embedding.shape == (EMBEDDING_SIZE,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def test_the_same_sound_gives_the_same_embedding(ge2e: Ge2eEncoder) -> None:
    np.testing.assert_array_equal(ge2e.embed(lively(1)), ge2e.embed(lively(1)))


def test_windows_do_not_depend_on_their_company(ge2e: Ge2eEncoder) -> None:
    windows = [lively(seed, 0.4 + 0.3 * (seed % 5)) for seed in range(70)]
    together = ge2e.embed_windows(iter(windows))
    alone = np.concatenate([ge2e.embed_windows([window]) for window in windows])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("samples", [0, 1, 159, 8000, WINDOW_SAMPLES - 1, WINDOW_SAMPLES + 1])
@pytest.mark.parametrize("silent", [True, False])
def test_short_and_silent_sound_has_an_embedding(
    ge2e: Ge2eEncoder, samples: int, silent: bool
) -> None:
    sound = np.zeros(samples, np.float32) if silent else lively(1)[:samples]
    assert np.isfinite(ge2e.embed(sound)).all()
    assert np.isfinite(ge2e.embed_windows([sound])).all()


def test_no_windows_have_no_embeddings(ge2e: Ge2eEncoder) -> None:
    assert ge2e.embed_windows([]).shape == (0, EMBEDDING_SIZE)


def test_quiet_sound_is_heard_like_loud_sound(ge2e: Ge2eEncoder) -> None:
    quiet, quieter = ge2e.embed(lively(1) * 0.01), ge2e.embed(lively(1) * 0.001)
    assert quiet @ quieter > 0.999
    assert levelled(lively(1)) is not levelled(lively(1) * 0.01)


def test_windows_overlap_and_cover_the_sound() -> None:
    assert window_starts(0) == [0]
    starts = window_starts(10 * SAMPLE_RATE)
    assert starts[0] == 0
    assert max(np.diff(starts)) < WINDOW_SAMPLES
    assert 10 * SAMPLE_RATE - starts[-1] >= 0.75 * WINDOW_SAMPLES


def clips_of(folder: Path) -> dict[str, list[Path]]:
    clips: dict[str, list[Path]] = defaultdict(list)
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("speaker"):
            clips[row["speaker"]].append(folder / row["file"])
    return clips


def decoded(path: Path) -> Samples:
    return decode_audio(path, sample_rate=SAMPLE_RATE, limits=NO_LIMITS)


@pytest.mark.shared
def test_one_speaker_is_nearer_than_another(ge2e: Ge2eEncoder, shared_data: Path) -> None:
    rows: list[np.ndarray] = []
    speakers: list[str] = []
    for name in ("english_test_fixtures", "commonvoice_rsample_zh-CN", "ljspeech_part1"):
        for speaker, clips in clips_of(shared_data / name).items():
            rows += [ge2e.embed(decoded(clip)) for clip in clips[:4]]
            speakers += [f"{name} {speaker}"] * len(clips[:4])
    likeness = np.stack(rows) @ np.stack(rows).T
    named = np.array(speakers)
    same = (named[:, None] == named) & ~np.eye(len(named), dtype=bool)
    assert same.sum() > 20
    assert np.median(likeness[same]) > np.quantile(
        likeness[~same & ~np.eye(len(named), dtype=bool)], 0.95
    )


@pytest.mark.shared
async def test_the_agent_and_the_caller_of_a_telephone_call(
    ge2e: Ge2eEncoder, speech: SpeechService, shared_data: Path
) -> None:
    """Mixed to one channel; who speaks is known from the level of each side of the call."""
    folder = shared_data / "telephone_aws_calls"
    for call in ("Auto_Repairs_40_UTC", "Auto_Repairs_49_UTC"):
        mixed = folder / f"{call}_mix.opus"
        spans = await speech.find_speech(mixed, SpanRules())
        result = found_voices(
            find_voices([decoded(mixed)], spans, ge2e, SpeakerCount(), DiarizationRules())
        )
        assert len(result.voices) == 2
        duration_s = spans[-1].end_s
        rows = [line.split() for line in (folder / f"{call}.rttm").read_text().splitlines()]
        agent, caller = (
            ticks([(float(row[3]), float(row[4])) for row in rows if row[7] == side], duration_s)
            for side in ("agent", "caller")
        )
        first, second = (
            ticks(
                [(t.start_s, t.end_s - t.start_s) for t in result.turns if t.speaker == speaker],
                duration_s,
            )
            for speaker in (0, 1)
        )
        known = (agent ^ caller) & (first | second)
        agreement = np.mean((agent == first)[known])
        assert max(agreement, 1 - agreement) > 0.95


def ticks(spans: list[tuple[float, float]], duration_s: float) -> np.ndarray:
    """Where it is true, for each tenth of a second."""
    mask = np.zeros(round(duration_s * 10), bool)
    for start_s, length_s in spans:
        mask[round(start_s * 10) : round((start_s + length_s) * 10)] = True
    return mask


@pytest.mark.shared
async def test_one_reader_is_one_speaker(
    ge2e: Ge2eEncoder, speech: SpeechService, shared_data: Path
) -> None:
    clips = sorted((shared_data / "ljspeech_part1").glob("*.opus"))[:12]
    sound = np.concatenate([decoded(clip) for clip in clips])
    edges = np.cumsum([0] + [decoded(clip).size for clip in clips]) / SAMPLE_RATE
    spans = [SpeechSpan(start, end) for start, end in pairwise(edges.tolist())]
    result = found_voices(find_voices([sound], spans, ge2e, SpeakerCount(), DiarizationRules()))
    assert len(result.voices) == 1
    whole = ge2e.embed(sound)
    assert nearest(whole[None], result.voices).tolist() == [0]
    assert float(whole @ result.voices[0]) > 0.8
