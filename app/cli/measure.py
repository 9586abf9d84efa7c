"""`./parley bench`."""

from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from app.asr.engines.ctc.engine import load_ctc
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.asr.engines.whisper.engine import load_whisper
from app.bench import (
    asr,
    asr_long,
    asr_short,
    asr_stream,
    auth,
    ctc,
    floor,
    heads,
    hours,
    llm,
    llm_analysis,
    llm_embedded,
    talk,
    tts,
    windows,
)
from app.cli import context
from app.inference.onnx import OnnxRuntime
from app.wiring.heads import VOICE
from app.wiring.senses import CTC_HEAD


@click.group()
def bench() -> None:
    """Measure speed, as ratios to a baseline measured in the same run."""


@bench.command(name="floor")
def bench_floor() -> None:
    """HTTP, WebSocket, model leases, audio decoding."""
    settings = context.settings_with()
    for line in floor.run(settings, context.model_store(settings)):
        click.echo(line)


@bench.command(name="auth")
def bench_auth() -> None:
    """What a token costs a request."""
    for line in auth.run():
        click.echo(line)


DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Where the recordings lie.",
)


@bench.command(name="asr")
@click.option("--model", default="whisper-tiny.en", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@DATA
def bench_asr(model: str, threads: int, data: Path) -> None:
    """Errors and speed of Whisper, beside faster-whisper where it is installed."""
    settings = context.settings_with()
    store = context.model_store(settings)
    for line in asr.run(context.manifest(), store, model, data, threads):
        click.echo(line)


@bench.command(name="windows")
@click.option("--model", default="whisper-tiny.en", show_default=True)
@click.option("--part", type=click.Choice(windows.PARTS), multiple=True, default=windows.PARTS)
@click.option("--clips", type=click.IntRange(1), default=80, show_default=True, help="Of a folder.")
@click.option("--sounds", type=click.IntRange(4), default=1000, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@DATA
def bench_windows(
    model: str, part: tuple[str, ...], clips: int, sounds: int, threads: int, data: Path
) -> None:
    """Errors of Whisper in fitted windows beside its own 30 s, and what it makes up of noise."""
    folder = context.model_store(context.settings_with()).verified(context.manifest().get(model))
    recognizer = load_whisper(folder, OnnxRuntime("cpu", threads))
    for line in windows.run(recognizer, data, part, clips, sounds):
        click.echo(line)


@bench.command(name="transcribe")
@DATA
def bench_transcribe(data: Path) -> None:
    """How soon `/asr/transcribe` answers for short clips, beside faster-whisper."""
    store = context.model_store(context.settings_with())
    _print(asr_short.run(context.manifest(), store, data))


@bench.command(name="ctc")
@DATA
def bench_ctc(data: Path) -> None:
    """Beam search on the scores of real speech, beside pyctcdecode."""
    settings = context.settings_with()
    whisper = context.model_store(settings).verified(context.manifest().get("whisper-tiny.en"))
    encoder = OnnxRuntime("cpu", 1).open(whisper / "encoder.int8.onnx")
    head = load_ctc(CTC_HEAD, OnnxRuntime("cpu", 1), lambda _: WhisperStates(encoder))
    for line in ctc.run(head, data):
        click.echo(line)


@bench.command(name="heads")
@click.option("--model", default="whisper-tiny.en", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@DATA
def bench_heads(model: str, threads: int, data: Path) -> None:
    """What emotion, gender and age cost in the pass that hears the words."""
    settings = context.settings_with()
    entry = context.manifest().get(model)
    encoder = context.model_store(settings).verified(entry) / "encoder.int8.onnx"
    weights = context.shipped_weights(settings).path(entry, VOICE)
    for line in heads.run(encoder, weights, data, threads):
        click.echo(line)


@bench.command(name="diarization")
@DATA
def bench_diarization(data: Path) -> None:
    """Who spoke when, measured by pyannote.metrics, which belongs to the tools of development."""
    if not find_spec("pyannote.metrics"):
        raise click.ClickException("pyannote.metrics is not installed")
    import_module("app.bench.diarization").main(data)


@bench.command(name="long")
@DATA
def bench_long(data: Path) -> None:
    """Errors and speed on one long recording, beside faster-whisper where it is installed."""
    settings = context.settings_with()
    _print(asr_long.run(settings, context.model_store(settings), data))


@bench.command(name="hours")
@click.option("--hours", "count", type=click.FloatRange(min=0.1), default=4, show_default=True)
@DATA
def bench_hours(count: float, data: Path) -> None:
    """The memory that a recording of hours takes."""
    settings = context.settings_with()
    _print(hours.run(settings, context.model_store(settings), data, count))


@bench.command(name="stream")
@click.option("--streams", type=click.IntRange(1), multiple=True, default=(1, 4, 8))
@DATA
def bench_stream(streams: tuple[int, ...], data: Path) -> None:
    """How soon after the end of speech its text is there, of one stream and of many."""
    settings = context.settings_with()
    _print(asr_stream.run(settings, context.model_store(settings), data, streams))


@bench.command(name="tts")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--streams", type=click.IntRange(1), multiple=True, default=(1, 2, 4))
def bench_tts(threads: int, rounds: int, streams: tuple[int, ...]) -> None:
    """How soon Kokoro is heard and how fast it is, beside kokoro-onnx where it is installed."""
    store = context.model_store(context.settings_with())
    _print(tts.run(context.manifest(), store, threads, rounds, streams))


@bench.command(name="llm")
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True)
def bench_llm(rounds: int) -> None:
    """What this layer adds to vendors' packages, and the embedded model beside llama.cpp."""
    store = context.model_store(context.settings_with())
    for lines in (
        llm.run(),
        llm_embedded.run(context.manifest(), store, rounds),
        llm_analysis.run(),
    ):
        _print(lines)


@bench.command(name="talk")
@click.option("--part", type=click.Choice(talk.PARTS), multiple=True, help="Default: all.")
@click.option("--calls", type=click.IntRange(1), default=200, show_default=True, help="In a row.")
@click.option("--quick", is_flag=True, help="A few turns, calls and levels.")
@click.option(
    "--keep",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder for the tapes of the calls: the caller on the left, the agent on the right.",
)
@DATA
def bench_talk(
    part: tuple[str, ...], calls: int, quick: bool, keep: Path | None, data: Path
) -> None:
    """How soon callers are answered, beside Pipecat; how many at once; whether calls leak."""
    store = context.model_store(context.settings_with())
    chosen = talk.plan(part, calls, keep, is_quick=quick)
    _print(talk.run(context.manifest(), store, data, chosen))


def _print(lines: AsyncIterator[str]) -> None:
    async def every() -> None:
        async for line in lines:
            click.echo(line)

    context.run(every())
