"""What is shown while a sentence grows: a CTC head beside Whisper's decoder, at the same looks.

PYTHONPATH=. python -m onnx_models.recipes.ctc.interims SHARED WHISPER HEAD
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import click

from app.bench.asr import Clip, read_clips
from app.bench.wer import words_of
from app.core.audio.convert import Samples
from onnx_models.recipes.ctc.judge import BEST_PATH, READ, WHISPER, listeners
from onnx_models.recipes.ctc.speech import SAMPLE_RATE

LOOK_S = 0.4
SHORTEST_S, LONGEST_S = 4.0, 7.0
CLIPS = 6


@dataclass
class Shown:
    """Over all looks: what they cost, and how many shown words did not stay."""

    looks: int = 0
    spent_s: float = 0.0
    words: int = 0
    lost: int = 0

    def watch(self, transcribe: Callable[[Samples], str], clip: Clip) -> None:
        """Each look hears all from the beginning. A word stays if the final text has it there."""
        ends = range(round(LOOK_S * SAMPLE_RATE), clip.samples.size, round(LOOK_S * SAMPLE_RATE))
        final = words_of(transcribe(clip.samples))
        for end in ends:
            began_s = time.process_time()
            seen = words_of(transcribe(clip.samples[:end]))
            self.spent_s += time.process_time() - began_s
            self.looks += 1
            self.words += len(seen)
            self.lost += len(seen) - staying(seen, final)


def staying(seen: Sequence[str], final: Sequence[str]) -> int:
    """Words from the beginning on which both agree."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(seen, final, strict=False))))


@click.command()
@click.argument("shared", type=click.Path(path_type=Path))
@click.argument("whisper", type=click.Path(path_type=Path))
@click.argument("head", type=click.Path(path_type=Path))
def main(shared: Path, whisper: Path, head: Path) -> None:
    """A table of both."""
    read = [clip for name in READ.values() for clip in read_clips(shared / "data" / name)]
    clips = [clip for clip in read if SHORTEST_S < clip.seconds < LONGEST_S][:CLIPS]
    click.echo(f"{len(clips)} clips, a look every {LOOK_S} s")
    for line in compared(clips, whisper, head):
        click.echo(line)


def compared(clips: Sequence[Clip], whisper: Path, head: Path) -> Iterator[str]:
    yield "| | processor time of a look | words shown | of them not in the final text there |"
    yield "|---|---|---|---|"
    engines = listeners(whisper, [head], None)
    names = (WHISPER, f"{head.name}, {BEST_PATH}")
    for name, listen in zip(names, engines, strict=True):
        shown = Shown()
        for clip in clips:
            shown.watch(lambda samples, name=name, listen=listen: listen(samples)[name], clip)
        cost_ms = 1000 * shown.spent_s / shown.looks
        lost = 100 * shown.lost / shown.words
        yield f"| {name} | {cost_ms:.0f} ms | {shown.words} | {lost:.1f} % |"


if __name__ == "__main__":
    main()
