"""Hears every clip twice, once clean and once spoilt, and keeps what the encoder pools.

    PYTHONPATH=. python -m onnx_models.recipes.voice.features SETS ENCODER.onnx FOLDER

SETS holds a folder a set; ENCODER is the `encoder.int8.onnx` of a Whisper model that was pulled.
A set that FOLDER has already is not heard again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from app.asr.engines.whisper.features import LogMel
from app.asr.engines.whisper.network import encode
from app.asr.engines.whisper.window import FRAMES_PER_S, make_window, window_frames
from app.core.audio.decode import DecodeLimits, stream_audio
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.voice.clips import CORPORA, HELD_OUT, SEED, Clip, clips
from onnx_models.recipes.voice.sound import (
    RATE,
    SHORTEST_S,
    Sound,
    noisy,
    pieces,
    telephone,
    without_silence,
)

LIMITS = DecodeLimits(max_duration_s=600, deadline_s=60)
NOISES = "noise_esc10"
SPOILT = ("telephone", "noise", "telephone+noise")
SNR_DB = (5.0, 30.0)
CUT_SHARE, CUT_S = 1 / 3, (0.6, 2.5)
"""A third of what is spoilt is cut short too."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One piece of a clip as it is heard."""

    clip: Clip
    sound: Sound
    condition: str
    snr_db: float


class Spoiler:
    """Chooses by chance, but always the same."""

    def __init__(self, sets: Path) -> None:
        self._choose = random.Random(SEED)  # noqa: S311
        self._noises = sorted((sets / NOISES).glob("*.opus"))

    def spoil(self, clip: Clip, sound: Sound) -> Sample:
        choose = self._choose
        condition, snr_db = choose.choice(SPOILT), float("inf")
        if choose.random() < CUT_SHARE:
            size = round(choose.uniform(*CUT_S) * RATE)
            begin = choose.randrange(max(1, sound.size - size))
            sound = sound[begin : begin + size]
        if "noise" in condition:
            snr_db = choose.uniform(*SNR_DB)
            sound = noisy(sound, read(choose.choice(self._noises)), snr_db)
        if "telephone" in condition:
            sound = telephone(sound, choose.uniform(0.1, 0.9))
        return Sample(clip, sound, condition, snr_db)


class Ear:
    """Hears in half a second of silence. The product hears base in more: odds are then two points
    off on average, and no worse."""

    def __init__(self, encoder: Path) -> None:
        self._encoder = OnnxRuntime("cpu", 1).open(encoder)
        self._log_mel = LogMel(int(self._encoder.shapes["mel"][1]))

    def pooled(self, sound: Sound) -> NDArray[np.float16]:
        window = make_window(window_frames(sound.size / RATE))
        mel = self._log_mel.spectrogram(sound, window.mel_frames)
        frames = max(1, round(sound.size / RATE * FRAMES_PER_S))
        return encode(self._encoder, mel[None], window, [frames]).pooled[0].astype(np.float16)


def read(path: Path) -> Sound:
    with stream_audio(path, sample_rate=RATE, limits=LIMITS) as blocks:
        return np.concatenate(list(blocks))


def _samples(found: list[Clip], spoiler: Spoiler) -> Iterator[Sample]:
    for clip in found:
        whole = without_silence(read(clip.path))
        if whole.size < SHORTEST_S * RATE:
            continue
        for piece in pieces(whole, clip.pieces):
            yield Sample(clip, piece, "clean", float("inf"))
            yield spoiler.spoil(clip, piece)


def _hear(found: list[Clip], spoiler: Spoiler, ear: Ear, target: Path) -> None:
    rows = [(sample, ear.pooled(sample.sound)) for sample in _samples(found, spoiler)]
    heard = [sample for sample, _ in rows]
    unfinished = target.with_suffix(".part.npz")
    np.savez(
        unfinished,
        pooled=np.stack([pooled for _, pooled in rows]),
        condition=[each.condition for each in heard],
        snr_db=np.array([each.snr_db for each in heard], np.float32),
        seconds=np.array([each.sound.size / RATE for each in heard], np.float32),
        **{
            name: [getattr(each.clip, name) for each in heard]
            for name in ("corpus", "speaker", "emotion", "gender", "age", "accent")
        },
    )
    unfinished.rename(target)


@click.command()
@click.argument("sets", type=click.Path(exists=True, path_type=Path))
@click.argument("encoder", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--held-out", is_flag=True, help="Those of HELD_OUT in place of CORPORA.")
@click.option("--noises", type=click.Path(exists=True, path_type=Path), help="SETS, if not given.")
def main(sets: Path, encoder: Path, folder: Path, held_out: bool, noises: Path | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ear = Ear(encoder)
    for plan in HELD_OUT if held_out else CORPORA:
        target = folder / f"{plan.folder}.npz"
        if not target.exists():
            _hear(clips(sets, plan), Spoiler(noises or sets), ear, target)
            click.echo(f"{plan.folder}: heard")


if __name__ == "__main__":
    main()
