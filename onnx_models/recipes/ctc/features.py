"""Hears the clips once and keeps the encoder's states: rounds of one pass over all speech.

    PYTHONPATH=. python -m onnx_models.recipes.ctc.features TRAINING CLIPS ENCODER.onnx STATES

Round 0 is the speech as it is, the later ones change it by chance. A round that is there is not
made again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from app.asr.engines.ctc.whisper_states import WhisperStates
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.ctc.changes import Chances, changed, cut
from onnx_models.recipes.ctc.speech import Clip, read_clips, read_sound

NOISES = "noise_esc10"
"""CC BY."""
AT_ONCE = 16
SEED = 7
SMALL = 100
"""One clip in so many, to see that all runs."""

States = NDArray[np.float16]


class Kept(msgspec.Struct, frozen=True):
    """A row of a round: its frames begin at `begin` of the round's array."""

    begin: int
    frames: int
    text: str
    is_set_aside: bool
    file: str


@dataclass(frozen=True)
class Round:
    """All states of a pass, on the disk, and which frames are whose."""

    states: States
    rows: Sequence[Kept]

    def of(self, row: Kept) -> States:
        return self.states[row.begin : row.begin + row.frames]


@click.command()
@click.argument("training", type=click.Path(path_type=Path))
@click.argument("clips", type=click.Path(path_type=Path))
@click.argument("encoder", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--rounds", default=3)
@click.option("--small", is_flag=True, help=f"One clip in {SMALL}.")
def main(
    training: Path, clips: Path, encoder: Path, target: Path, rounds: int, *, small: bool
) -> None:
    """Write the rounds that are missing, of each set a folder."""
    front = WhisperStates(OnnxRuntime("cpu", 1).open(encoder))
    for number in range(rounds):
        for file in sorted(clips.glob("*.jsonl")):
            folder = target / file.stem
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / f"{number}.jsonl").is_file():
                every = sorted(read_clips(file), key=lambda clip: clip.seconds)
                chosen = every[:: SMALL if small else 1]
                write_round(folder, number, hear(training, chosen, front, number))
                click.echo(f"{file.stem}, round {number}")


def hear(
    training: Path, clips: Sequence[Clip], front: WhisperStates, number: int
) -> Iterator[tuple[Clip, str, States]]:
    """Each clip with what is said in it after the change."""
    noises = [read_sound(path) for path in sorted((training / NOISES).glob("*.opus"))]
    random = np.random.default_rng([SEED, number])
    for first in range(0, len(clips), AT_ONCE):
        some = clips[first : first + AT_ONCE]
        told = [_told(training, clip, noises, random, number) for clip in some]
        for clip, (_, text), states in zip(
            some, told, front([samples for samples, _ in told]), strict=True
        ):
            yield clip, text, states.T.astype(np.float16)


def _told(
    training: Path, clip: Clip, noises: Sequence[Samples], random: np.random.Generator, number: int
) -> tuple[Samples, str]:
    samples, text, chances = read_sound(training / clip.file), clip.text, Chances()
    if number == 0 or clip.is_set_aside:
        return samples, text
    shortened = cut(samples, clip.words, random) if random.random() < chances.cut else None
    samples, text = shortened or (samples, text)
    return changed(samples, noises, chances, random), text


def write_round(folder: Path, number: int, heard: Iterator[tuple[Clip, str, States]]) -> None:
    """The rows come last: a round that was stopped has none."""
    begin, rows = 0, list[Kept]()
    with (folder / f"{number}.states").open("wb") as file:
        for clip, text, states in heard:
            file.write(states.tobytes())
            rows.append(Kept(begin, len(states), text, clip.is_set_aside, clip.file))
            begin += len(states)
    lines = "".join(json.dumps(msgspec.to_builtins(row)) + "\n" for row in rows)
    (folder / f"{number}.jsonl").write_text(lines, "utf-8")


def read_round(folder: Path, number: int) -> Round:
    lines = (folder / f"{number}.jsonl").read_bytes().splitlines()
    rows = [msgspec.json.decode(line, type=Kept) for line in lines]
    frames = rows[-1].begin + rows[-1].frames
    flat = np.memmap(folder / f"{number}.states", np.float16, "r")
    return Round(flat.reshape(frames, -1), rows)


if __name__ == "__main__":
    main()
