"""Who speaks when, by pyannote's segmentation and a model of voices, both in sherpa-onnx."""

import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from app.asr.clustering import SpeakerCount
from app.asr.diarization import SpeakerTurn
from app.asr.domain import SpeechSpan
from app.asr.recognition import SAMPLE_RATE
from app.core.audio.convert import Samples
from app.core.errors import Unavailable

ROOT = Path(__file__).parents[4]
LEAST_S = 300.0
"""How long a recording may take at least; else as long as it lasts."""


class TurnsNotFound(Unavailable):
    """sherpa-onnx failed over a recording; the message has its words."""


def hear_turns(
    segmentation: Path, voices: Path, samples: Samples, count: SpeakerCount
) -> list[SpeakerTurn]:
    """Turns as they are heard, some perhaps at once."""
    program = [sys.executable, "-m", "app.asr.engines.sherpa.segmenter"]
    given = [str(segmentation), str(voices), str(count.least), str(count.most)]
    limit_s = max(LEAST_S, samples.size / SAMPLE_RATE)
    try:
        finished = subprocess.run(  # noqa: S603
            [*program, *given],
            cwd=ROOT,
            input=samples.data.cast("B"),
            capture_output=True,
            timeout=limit_s,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise TurnsNotFound(f"who speaks when was not found within {limit_s:.0f} s") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise TurnsNotFound(f"who speaks when was not found: {said}") from error
    return msgspec.json.decode(finished.stdout, type=list[SpeakerTurn])


def cover(spans: Sequence[SpeechSpan], heard: Sequence[SpeakerTurn]) -> list[SpeakerTurn]:
    """All of the speech, one speaker at a time: of several the one whose turn is the longest;
    where none was heard, the nearest. Speakers are numbered in the order of their turns."""
    edges = sorted({round(edge_s, 3) for turn in heard for edge_s in (turn.start_s, turn.end_s)})
    numbers: dict[int, int] = {}
    turns: list[SpeakerTurn] = []
    for span in spans:
        first = len(turns)
        for start_s, end_s in _pieces(span, edges):
            speaker = _speaker_at((start_s + end_s) / 2, heard)
            number = numbers.setdefault(speaker, len(numbers))
            goes_on = len(turns) > first and turns[-1].speaker == number
            began_s = turns.pop().start_s if goes_on else start_s
            turns.append(SpeakerTurn(began_s, end_s, number))
    return turns


def _pieces(span: SpeechSpan, edges: Sequence[float]) -> Iterator[tuple[float, float]]:
    inside = edges[bisect_right(edges, span.start_s) : bisect_left(edges, span.end_s)]
    return pairwise([span.start_s, *inside, span.end_s])


def _speaker_at(moment_s: float, heard: Sequence[SpeakerTurn]) -> int:
    if not heard:
        return 0

    def preference(turn: SpeakerTurn) -> tuple[float, float]:
        away_s = max(0.0, turn.start_s - moment_s, moment_s - turn.end_s)
        return away_s, turn.start_s - turn.end_s

    return min(heard, key=preference).speaker
