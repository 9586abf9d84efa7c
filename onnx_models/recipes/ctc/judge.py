"""Word error rates of heads beside Whisper's own decoder, on speech that nothing learned from.

    PYTHONPATH=. python -m onnx_models.recipes.ctc.judge SHARED WHISPER HEAD... --clips CLIPS

SHARED holds the folders data and training; WHISPER is the made folder of Whisper tiny.en; a HEAD
has card.toml and its graph. The language model is of the words of CLIPS, or --language-model.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from app.asr.engines.ctc.beams import SearchOptions
from app.asr.engines.ctc.engine import CtcRecognizer, load_ctc
from app.asr.engines.ctc.search import BeamSearch
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.asr.engines.whisper.engine import load_whisper
from app.asr.language_model import LanguageModel, open_language_model
from app.asr.lm_training import train
from app.asr.recognition import RecognizerOptions
from app.bench.asr import Clip, Tally, read_clips
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.ctc.batches import best_path
from onnx_models.recipes.ctc.changes import by_telephone, in_noise
from onnx_models.recipes.ctc.speech import read_clips as read_learned
from onnx_models.recipes.ctc.speech import read_sound

READ = {"read English of many voices": "english_test_fixtures", "LJ Speech": "ljspeech_part1"}
ACCENTED = "training/speech_accent_archive_subset"
"""Not for commercial use: nothing learns from it, here it only measures. Everybody reads the same
paragraph of 69 words."""
ACCENTS, INDIAN = 20, ("bengali",)
LONGEST_S = 29.0
NOISE, NOISE_DB = "data/noise_ambience/coffee-shop.opus", 10.0
ORDER = 3
WHISPER, BEST_PATH = "Whisper tiny.en", "best path"
WAYS = {
    "beam search": SearchOptions(use_lm=False),
    "KenLM": SearchOptions(),
    "KenLM, alpha 0.5, beta 1.5": SearchOptions(alpha=0.5, beta=1.5),
}

Listener = Callable[[Samples], Mapping[str, str]]
"""The text of a sound, by each way of hearing it."""
Conditions = Mapping[str, Sequence[Clip]]


@click.command()
@click.argument("shared", type=click.Path(path_type=Path))
@click.argument("whisper", type=click.Path(path_type=Path))
@click.argument("heads", type=click.Path(path_type=Path), nargs=-1)
@click.option("--language-model", type=click.Path(path_type=Path))
@click.option("--clips", type=click.Path(path_type=Path))
@click.option("--small", is_flag=True, help="Two clips of each set.")
def main(
    shared: Path,
    whisper: Path,
    heads: tuple[Path, ...],
    language_model: Path | None,
    clips: Path | None,
    *,
    small: bool,
) -> None:
    """A table: a row for each way of hearing, a column for each condition."""
    heard = conditions(shared, 2 if small else None)
    with TemporaryDirectory() as folder:
        words = open_language_model(language_model) if language_model else None
        if clips:
            words = model_of(clips, Path(folder, "words.arpa"))
        for line in table(heard, listeners(whisper, heads, words)):
            click.echo(line)


def conditions(shared: Path, most: int | None) -> Conditions:
    read = {name: read_clips(shared / "data" / folder)[:most] for name, folder in READ.items()}
    accented = {
        name: _accented(shared / ACCENTED, is_indian=name != "accents")[:most]
        for name in ("accents", "Bengali accent")
    }
    noise = read_sound(shared / NOISE)
    every = read["read English of many voices"]
    return {
        **read,
        **accented,
        "8 kHz": _changed(every, by_telephone),
        "cafe, 10 dB": _changed(every, partial(in_noise, noise=noise, ratio_db=NOISE_DB)),
    }


def _accented(folder: Path, *, is_indian: bool) -> list[Clip]:
    """Of people whose first language is another, evenly over the languages."""
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["duration"] < LONGEST_S]
    rows.sort(key=lambda row: row["native_language"])
    strangers = [row for row in rows if row["native_language"] != "english"]
    chosen = [row for row in strangers if (row["native_language"] in INDIAN) == is_indian]
    even = chosen[:: max(1, len(chosen) // ACCENTS)][:ACCENTS]
    return [Clip(read_sound(folder / row["file"]), row["text"]) for row in even]


def _changed(clips: Sequence[Clip], change: Callable[[Samples], Samples]) -> list[Clip]:
    return [Clip(change(clip.samples), clip.text) for clip in clips]


def model_of(clips: Path, target: Path) -> LanguageModel:
    """Of the words that the head learned from."""
    texts = [clip.text for file in sorted(clips.glob("*.jsonl")) for clip in read_learned(file)]
    text = target.with_suffix(".txt")
    text.write_text("\n".join(texts), "utf-8")
    return train(text, ORDER, target, lambda _: None)


def listeners(
    whisper: Path, heads: Sequence[Path], words: LanguageModel | None
) -> Iterator[Listener]:
    """Whisper first."""
    runtime = OnnxRuntime("cpu", 1)
    decoder = load_whisper(whisper, runtime)
    asked = RecognizerOptions(language="en", temperatures=(0.0,))

    def of_whisper(samples: Samples) -> Mapping[str, str]:
        return {WHISPER: decoder.transcribe([samples], asked)[0].best.text}

    yield of_whisper
    encoder = whisper / "encoder.int8.onnx"
    for head in heads:
        recognizer = load_ctc(head, runtime, lambda _: WhisperStates(runtime.open(encoder)))
        yield partial(of_head, recognizer, BeamSearch(recognizer.labels, words), head.name)


def of_head(
    recognizer: CtcRecognizer, search: BeamSearch, name: str, samples: Samples
) -> Mapping[str, str]:
    """One pass of the network, searched in every way."""
    (scores,) = recognizer.scores([samples])
    beams = {
        way: search.beams(scores, options)
        for way, options in WAYS.items()
        if not options.use_lm or search.name(options) == "beam_search_kenlm"
    }
    return {f"{name}, {BEST_PATH}": best_path(scores)} | {
        f"{name}, {way}": found[0].text for way, found in beams.items()
    }


def table(conditions: Conditions, listeners: Iterable[Listener]) -> Iterator[str]:
    yield f"| | {' | '.join(f'{name} ({len(clips)})' for name, clips in conditions.items())} |"
    yield "|---" * (len(conditions) + 1) + "|"
    for listen in listeners:
        rates: defaultdict[str, list[str]] = defaultdict(list)
        for clips in conditions.values():
            for way, tally in judged(clips, listen).items():
                rates[way].append(f"{tally.wer:.1f} %")
        for way, row in rates.items():
            yield f"| {way} | {' | '.join(row)} |"


def judged(clips: Sequence[Clip], listen: Listener) -> Mapping[str, Tally]:
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for clip in clips:
        for way, text in listen(clip.samples).items():
            tallies[way].hear(lambda _, text=text: text, clip)
    return tallies


if __name__ == "__main__":
    main()
