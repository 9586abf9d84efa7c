"""What our recognizer makes of generated lines: spoken by espeak-ng, degraded, heard by Whisper.

    PYTHONPATH=. python onnx_models/recipes/words/heard.py WHISPER

WHISPER is the folder of whisper-tiny.en that the recipe `whisper-onnx` made. Writes
`heard/<set>.tsv` (label, said, heard) of templates and `heard/held_out/<set>.tsv` of the held-out
phrases; begins where it ended. A quarter of an hour on one core.
"""

import ctypes
import random
from collections.abc import Iterator
from pathlib import Path

import click
import espeakng_loader
import numpy as np
from corpus import HEADS, to_be_heard
from generate import HERE, read_lines

from app.asr.engines.whisper.engine import load_whisper
from app.asr.recognition import Recognizer, RecognizerOptions
from app.core.audio.convert import Samples
from app.core.audio.resample import resample
from app.inference.onnx import OnnxRuntime

TARGET = HERE / "heard"
SAMPLE_RATE = 16000
SEED = 11
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-us+f2", "en-gb+f4", "en-us+m3", "en-gb+m7")
WORDS_PER_MINUTE = (130, 210)
SYNCHRONOUS, NO_EXIT, UTF_8, RATE_PARAMETER = 2, 0x8000, 1, 1
BATCH = 16
LINES = {
    "behavior": 4000,
    "eval": 2400,
    "interview_role": 1600,
    "general": 4000,
    "loans": 2400,
    "loan_roles": 1600,
}
"""Of each set."""

Line = tuple[str, str]
"""Label and text."""


class Voice:
    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, NO_EXIT)
        self._heard: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._take = kind(self._keep)
        self._library.espeak_SetSynthCallback(self._take)

    def say(self, text: str, voice: str, words_per_minute: int) -> Samples:
        self._heard.clear()
        self._library.espeak_SetVoiceByName(voice.encode())
        self._library.espeak_SetParameter(RATE_PARAMETER, words_per_minute, 0)
        spoken = text.encode()
        self._library.espeak_Synth(spoken, len(spoken) + 1, 0, 0, 0, UTF_8, None, None)
        samples = np.concatenate([*self._heard, np.zeros(1, np.int16)]).astype(np.float32) / 32768
        return resample(samples, self.rate, SAMPLE_RATE)

    def _keep(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, _: int | None) -> int:
        if wave and count > 0:
            self._heard.append(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0


def degraded(samples: Samples, chance: random.Random) -> Samples:
    """As on the telephone, or in noise, or neither."""
    if chance.random() < 0.5:
        samples = resample(resample(samples, SAMPLE_RATE, 8000), 8000, SAMPLE_RATE)
    if chance.random() < 0.5:
        loudness = float(np.sqrt(np.mean(np.square(samples)))) or 1e-4
        noise = np.random.default_rng(chance.randrange(1 << 30)).standard_normal(samples.size)
        decibels = chance.uniform(10, 30)
        samples = samples + (noise * loudness * 10 ** (-decibels / 20)).astype(np.float32)
    return np.clip(np.pad(samples, 1600), -1, 1).astype(np.float32)


def hear(lines: list[Line], target: Path, voice: Voice, recognizer: Recognizer) -> None:
    """Appends to `target`, which has a row for each line that was heard before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    done = len(target.read_text("utf-8").splitlines()) if target.exists() else 0
    options = RecognizerOptions(language="en", temperatures=(0.0,))
    for start in range(done, len(lines), BATCH):
        batch = [*enumerate(lines)][start : start + BATCH]
        clips: list[Samples] = []
        for number, (_, text) in batch:
            chance = random.Random(f"{SEED} {number} {text}")  # noqa: S311
            spoken = voice.say(text, chance.choice(VOICES), chance.randint(*WORDS_PER_MINUTE))
            clips.append(degraded(spoken, chance))
        answers = recognizer.transcribe(clips, options)
        with target.open("a", encoding="utf-8") as file:
            for (_, (label, said)), answer in zip(batch, answers, strict=True):
                heard = " ".join(answer.best.text.split())
                file.write(f"{label}\t{said}\t{heard}\n")


def sampled(name: str) -> list[Line]:
    lines = [(each.label, each.text) for each in to_be_heard(name) if len(each.text) > 1]
    return random.Random(SEED).sample(lines, LINES[name])  # noqa: S311


def held_out(name: str) -> Iterator[Line]:
    for path in sorted((HERE / "held_out" / name).glob("*.txt")):
        for line in read_lines(path):
            if line.isascii():
                yield path.stem, line


@click.command()
@click.argument("whisper", type=click.Path(path_type=Path))
@click.option("--only", default="", help="One set.")
def main(whisper: Path, only: str) -> None:
    voice, recognizer = Voice(), load_whisper(whisper, OnnxRuntime("cpu", 1))
    for name in [only] if only else HEADS:
        hear([*held_out(name)], TARGET / "held_out" / f"{name}.tsv", voice, recognizer)
        hear(sampled(name), TARGET / f"{name}.tsv", voice, recognizer)
        click.echo(f"{name}: done")


if __name__ == "__main__":
    main()
