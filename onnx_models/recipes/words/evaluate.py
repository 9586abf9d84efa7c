"""Measures onnx_models/word-tags: on held-out phrases as written and as heard, and on real calls.

    PYTHONPATH=. python onnx_models/recipes/words/evaluate.py [--calls DATA WHISPER SILERO]

DATA is the folder telephone_aws_calls; WHISPER and SILERO those of whisper-tiny.en, which the
recipe `whisper-onnx` made, and of silero-vad. Prints the tables of the card.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
from corpus import HEADS, heard_rows
from generate import HERE, read_lines

from app.asr.domain import SpanRules, find_spans
from app.asr.engines.silero import load_silero
from app.asr.engines.whisper.engine import load_whisper
from app.asr.engines.word_tags import OUTPUTS, WordTags, load_word_tags
from app.asr.recognition import RecognizerOptions
from app.asr.tags.labels import Kind
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.onnx import OnnxRuntime

MODEL = Path(__file__).parents[2] / "word-tags"
SAMPLE_RATE = 16000
WORST = 6
ROLES = {"agent": "ROLE_AGENT", "caller": "ROLE_CUSTOMER"}
"""By the name of the channel, which is the truth."""

PAUSES = SpanRules(min_silence_ms=500)
LONGEST = 28 * SAMPLE_RATE
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)

Phrase = tuple[str, str]
"""Label and text."""


def said_labels(tagger: WordTags, head: str, texts: Sequence[str]) -> list[str]:
    kind, category = place_of(head)
    tags = tagger.tag(texts, kind)
    return [each[category].label if each else "" for each in tags]


def place_of(head: str) -> tuple[Kind, str]:
    for kind, categories in OUTPUTS.items():
        for category, output in categories.items():
            if output == head and (head != "general" or kind == "general"):
                return kind, category
    raise KeyError(head)


def f1_by_label(truth: Sequence[str], said: Sequence[str]) -> Mapping[str, float]:
    pairs = Counter(zip(truth, said, strict=True))
    told, given = Counter(truth), Counter(said)
    return {label: 2 * pairs[label, label] / (told[label] + given[label]) for label in told}


def report(tagger: WordTags, head: str, how: str, phrases: Sequence[Phrase]) -> None:
    if not phrases:
        return
    truth = [label for label, _ in phrases]
    said = said_labels(tagger, head, [text for _, text in phrases])
    scores = f1_by_label(truth, said)
    right = sum(t == s for t, s in zip(truth, said, strict=True)) / len(truth)
    macro = sum(scores.values()) / len(scores)
    click.echo(f"| {head} | {how} | {len(truth)} | {macro:.3f} | {right:.3f} |")


def report_worst(tagger: WordTags, head: str) -> None:
    phrases = written(head)
    truth = [label for label, _ in phrases]
    said = said_labels(tagger, head, [text for _, text in phrases])
    scores = f1_by_label(truth, said)
    wrong = Counter((t, s) for t, s in zip(truth, said, strict=True) if t != s)
    for label in sorted(scores, key=scores.__getitem__)[:WORST]:
        taken = ", ".join(f"{s} {n}" for (t, s), n in wrong.most_common() if t == label)
        click.echo(f"| {label} | {scores[label]:.2f} | {taken or '-'} |")


def written(head: str) -> list[Phrase]:
    paths = sorted((HERE / "held_out" / head).glob("*.txt"))
    return [(path.stem, line) for path in paths for line in read_lines(path)]


def report_calls(tagger: WordTags, data: Path, whisper: Path, vad: Path) -> None:
    onnx = OnnxRuntime("cpu", 1)
    recognizer, silero = load_whisper(whisper, onnx), load_silero(vad, onnx)
    for path in sorted(data.glob("*_*_*_*_*.opus")):
        channel = path.stem.rsplit("_", 1)[-1]
        if channel not in ROLES:
            continue
        samples = decode_audio(path, limits=NO_LIMITS)
        heard = np.concatenate([*silero.probabilities([samples])]).tolist()
        spans = find_spans(heard, samples.size * 1000 // SAMPLE_RATE, PAUSES)
        ends = [(int(s.start_s * SAMPLE_RATE), int(s.end_s * SAMPLE_RATE)) for s in spans]
        clips = [samples[start:end][:LONGEST] for start, end in ends]
        answers = recognizer.transcribe(clips, RecognizerOptions(language="en"))
        texts = [answer.best.text for answer in answers if answer.best.text.strip()]
        labels = Counter(said_labels(tagger, "loan_roles", texts))
        right = labels[ROLES[channel]] / labels.total()
        majority = "right" if labels.most_common(1)[0][0] == ROLES[channel] else "wrong"
        click.echo(
            f"| {path.stem} | {labels.total()} | {right:.2f} | {majority} | {dict(labels)} |"
        )


def report_speed(tagger: WordTags) -> None:
    texts = [text for head in HEADS for _, text in written(head)]
    tagger.tag(texts, "interview")
    began = time.process_time()
    tagger.tag(texts, "interview")
    spent_ms = (time.process_time() - began) * 1000 / len(texts)
    click.echo(f"{spent_ms:.2f} ms of a core a phrase, {len(texts)} phrases")


@click.command()
@click.option("--calls", nargs=3, type=click.Path(path_type=Path), help="DATA WHISPER SILERO")
def main(calls: tuple[Path, Path, Path] | None) -> None:
    tagger = load_word_tags(MODEL, OnnxRuntime("cpu", 1))
    for head in HEADS:
        report(tagger, head, "as written", written(head))
        rows = [*heard_rows(f"held_out/{head}")]
        report(tagger, head, "as heard", [(label, heard) for label, _, heard in rows])
    for head in HEADS:
        report_worst(tagger, head)
    report_speed(tagger)
    if calls:
        report_calls(tagger, *calls)


if __name__ == "__main__":
    main()
