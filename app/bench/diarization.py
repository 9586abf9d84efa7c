"""Who speaks when, against what people wrote down: errors by pyannote.metrics, and the speed.

python -m app.bench.diarization ../shared/data
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pyannote.core import Annotation, Segment, Timeline  # pyright: ignore[reportMissingTypeStubs]
from pyannote.metrics import diarization  # pyright: ignore[reportMissingTypeStubs]

from app.asr.clustering import SpeakerCount
from app.asr.diarization import DiarizationRules
from app.asr.domain import SpanRules, SpeechSpan, find_spans
from app.asr.engines.ge2e import SAMPLE_RATE, Ge2eEncoder, load_ge2e
from app.asr.engines.silero import SileroVad, load_silero
from app.asr.voices import find_voices, found_voices
from app.core import settings
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime

MANIFEST = Path(__file__).parents[2] / "onnx_models" / "manifest.toml"
SETS = {"diar_pyannote_ami": "*.flac", "telephone_aws_calls": "*_mix.opus"}
LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
SCORES = {
    "all": {"collar": 0.0, "skip_overlap": False},
    "0.25 s around changes left out": {"collar": 0.5, "skip_overlap": False},
    "and overlap left out": {"collar": 0.5, "skip_overlap": True},
}
"""The library's collar is the whole width."""

_metric: Any = diarization.DiarizationErrorRate
_annotation: Any = Annotation


@dataclass(frozen=True, slots=True)
class Scored:
    truth: Any
    found: Any
    length: Any


def main(data: Path) -> None:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    manifest = read_manifest(MANIFEST)
    runtime = OnnxRuntime("cpu", 1)
    vad = load_silero(store.verified(manifest.get("silero-vad")), runtime)
    encoder = load_ge2e(store.verified(manifest.get("ge2e")), runtime)
    for name, pattern in SETS.items():
        for line in measured(sorted((data / name).glob(pattern)), vad, encoder):
            click.echo(f"{name}: {line}")


def measured(paths: Iterable[Path], vad: SileroVad, encoder: Ge2eEncoder) -> list[str]:
    scored: list[Scored] = []
    sound_s = work_s = 0.0
    for path in paths:
        samples = decode_audio(path, sample_rate=SAMPLE_RATE, limits=LIMITS)
        spans = _spans(samples, vad)
        started = time.perf_counter()
        steps = find_voices([samples], spans, encoder, SpeakerCount(), DiarizationRules())
        found = found_voices(steps)
        work_s += time.perf_counter() - started
        sound_s += samples.size / SAMPLE_RATE
        truth = path.with_name(path.stem.removesuffix("_mix") + ".rttm")
        rows = [line.split() for line in truth.read_text("utf-8").splitlines()]
        scored.append(
            Scored(
                _annotated((float(r[3]), float(r[3]) + float(r[4]), r[7]) for r in rows),
                _annotated((t.start_s, t.end_s, str(t.speaker)) for t in found.turns),
                Timeline([Segment(0, samples.size / SAMPLE_RATE)]),
            )
        )
    lines = [_line(label, _metric(**rules), scored) for label, rules in SCORES.items()]
    return [*lines, f"embedding and grouping {sound_s / work_s:.0f} x real time on one thread"]


def _spans(samples: Samples, vad: SileroVad) -> list[SpeechSpan]:
    probabilities = [float(p) for run in vad.probabilities([samples]) for p in run]
    return find_spans(probabilities, samples.size * 1000 // SAMPLE_RATE, SpanRules())


def _annotated(turns: Iterable[tuple[float, float, str]]) -> Any:
    annotation = _annotation()
    for number, (start_s, end_s, speaker) in enumerate(turns):
        annotation[Segment(start_s, end_s), number] = speaker
    return annotation


def _line(label: str, metric: Any, scored: Iterable[Scored]) -> str:
    for each in scored:
        metric(each.truth, each.found, uem=each.length)
    parts = ("missed detection", "false alarm", "confusion")
    shares = ", ".join(f"{part} {100 * metric[part] / metric['total']:.1f}" for part in parts)
    return f"DER {100 * abs(metric):.1f} % ({shares}), {label}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
