"""The speech that a CTC head learns from: its sets and licences, their words, and who is set aside.

    PYTHONPATH=. python -m onnx_models.recipes.ctc.speech TRAINING WHISPER CLIPS

TRAINING is a folder of sets, each with a manifest.jsonl; WHISPER the made folder of Whisper base,
which writes down what has no text, with the times of its words.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import click
import msgspec

from app.asr.engines.whisper.engine import WhisperRecognizer, load_whisper
from app.asr.recognition import Hypothesis, RecognizerOptions
from app.bench.wer import words_of
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.onnx import OnnxRuntime

SAMPLE_RATE = 16000
LONGEST_S = 28.0
SURE = -0.35
"""Log-probability of a token, on average, from which Whisper's text is believed."""
DIGIT = r"(?:ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE)"
DICTATED_DIGITS = re.compile(rf"{DIGIT} {DIGIT}")
DICTATED_OF = 4
"""One in so many clips of digits is kept: they are the same ten words."""
AT_ONCE = 16
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


@dataclass(frozen=True)
class SpeechSet:
    """`set_aside`: one speaker (or clip, where there is but one) in so many is not learned from."""

    name: str
    licence: str
    set_aside: int
    by: str = "speaker"
    prompt: str = ""
    """How Whisper is told to spell, where it writes the text."""


SETS = (
    SpeechSet("ljspeech_part1", "public domain", 20, by="id"),
    SpeechSet("speechocean762", "CC BY 4.0", 25),
    SpeechSet("librispeech_train_clean_100_subset_notext", "CC BY 4.0", 8),
    SpeechSet(
        "picovoice_barista_commands",
        "Apache-2.0",
        20,
        by="id",
        prompt="Could I get a sixteen ounce latte with two shots of espresso and one sugar?",
    ),
)
"""Sets whose licence forbids to ship what learned from them are left out."""


class Clip(msgspec.Struct, frozen=True):
    file: str
    text: str
    seconds: float
    is_set_aside: bool
    words: tuple[tuple[float, float, str], ...] = ()
    """Start and end in seconds, where Whisper wrote the text: there the sound may be cut."""


@click.command()
@click.argument("training", type=click.Path(path_type=Path))
@click.argument("whisper", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def main(training: Path, whisper: Path, target: Path) -> None:
    """Write a file for each set, and in it a line for each clip that has words."""
    target.mkdir(parents=True, exist_ok=True)
    recognizer = load_whisper(whisper, OnnxRuntime("cpu", 1))
    for each in SETS:
        clips = list(read_set(training, each, recognizer))
        lines = b"".join(msgspec.json.encode(clip) + b"\n" for clip in clips)
        (target / f"{each.name}.jsonl").write_bytes(lines)
        hours = sum(clip.seconds for clip in clips) / 3600
        click.echo(f"{each.name}: {len(clips)} clips, {hours:.2f} h, {each.licence}")


def read_clips(file: Path) -> list[Clip]:
    return [msgspec.json.decode(line, type=Clip) for line in file.read_bytes().splitlines()]


def read_set(training: Path, chosen: SpeechSet, recognizer: WhisperRecognizer) -> Iterator[Clip]:
    folder = training / chosen.name
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["duration"] <= LONGEST_S]
    for row in rows:
        if row.get("text") and _is_wanted(row):
            yield _clip(chosen, row, spelled(row["text"]), ())
    untold = [row for row in rows if not row.get("text")]
    for first in range(0, len(untold), AT_ONCE):
        some = untold[first : first + AT_ONCE]
        sounds = [read_sound(folder / row["file"]) for row in some]
        for row, best in zip(some, _write_down(sounds, recognizer, chosen.prompt), strict=True):
            times = tuple((word.start_s, word.end_s, spelled(word.text)) for word in best.words)
            if best.log_probability > SURE and spelled(best.text):
                yield _clip(chosen, row, spelled(best.text), times)


def _clip(
    chosen: SpeechSet, row: dict, text: str, words: tuple[tuple[float, float, str], ...]
) -> Clip:
    is_set_aside = crc32(str(row[chosen.by]).encode()) % chosen.set_aside == 0
    return Clip(f"{chosen.name}/{row['file']}", text, row["duration"], is_set_aside, words)


def _is_wanted(row: dict) -> bool:
    return not DICTATED_DIGITS.search(row["text"]) or crc32(row["id"].encode()) % DICTATED_OF == 0


def _write_down(
    sounds: Sequence[Samples], recognizer: WhisperRecognizer, prompt: str
) -> list[Hypothesis]:
    options = RecognizerOptions(language="en", word_times=True, prompt=prompt)
    return [answer.best for answer in recognizer.transcribe(sounds, options)]


def read_sound(path: Path) -> Samples:
    return decode_audio(path, sample_rate=SAMPLE_RATE, limits=NO_LIMITS)


def spelled(text: str) -> str:
    """Small letters, apostrophes and single spaces; numbers and titles in words."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    said = (word if "'" in word else " ".join(words_of(word)) for word in plain.split())
    return " ".join(re.sub(r"[^a-z']", " ", " ".join(said)).split())


if __name__ == "__main__":
    main()
