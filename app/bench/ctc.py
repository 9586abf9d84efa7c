"""`parley bench ctc`: beam search over the scores of real speech, here and in pyctcdecode.

With and without a KenLM that is trained here on the words of other recordings; by turns.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pyctcdecode import decoder as peer_library  # pyright: ignore[reportMissingTypeStubs]

from app.asr.engines.ctc.beams import SearchOptions
from app.asr.engines.ctc.engine import CtcRecognizer
from app.asr.engines.ctc.search import BeamSearch
from app.asr.engines.ctc.vocabulary import Scores
from app.asr.language_model import LanguageModel
from app.asr.lm_training import train
from app.bench.asr import READ, read_clips

BEAM_WIDTHS = (20, 100)
ORDER, ALPHA, BETA = 3, 0.1, 0.5
TURNS = 3
TEXTS = ("ljspeech_part1", "speechocean762")

_peer: Any = peer_library
Decode = Callable[[Scores], str]


def run(recognizer: CtcRecognizer, data: Path) -> Iterator[str]:
    """The texts of the language model lie in `training` beside the recordings."""
    clips = [clip for name in READ for clip in read_clips(data / name)]
    every = [scores for clip in clips for scores in recognizer.scores([clip.samples])]
    yield f"{len(every)} clips, {sum(map(len, every))} frames, {len(recognizer.labels)} labels"
    yield from _compare("no language model", recognizer.labels, every, None)
    with TemporaryDirectory() as folder:
        text = Path(folder, "text.txt")
        text.write_text("\n".join(_sentences(data.parent / "training")), "utf-8")
        model = train(text, ORDER, Path(folder, "model.arpa"), lambda _: None)
        name = f"KenLM of order {model.order}, {len(model.words or ())} words"
        yield from _compare(name, recognizer.labels, every, model)


def _compare(
    name: str, labels: Sequence[str], every: Sequence[Scores], model: LanguageModel | None
) -> Iterator[str]:
    for width in BEAM_WIDTHS:
        ways = (_ours(labels, model, width), _theirs(labels, model, width))
        spent_s = [0.0, 0.0]
        texts: list[list[str]] = [[], []]
        for _ in range(TURNS):
            for side, decode in enumerate(ways):
                started = time.perf_counter()
                texts[side] = [decode(scores) for scores in every]
                spent_s[side] += time.perf_counter() - started
        equal = sum(ours == theirs for ours, theirs in zip(*texts, strict=True))
        ratio = spent_s[1] / spent_s[0]
        yield f"{name}, beam width {width}: equal text in {equal} of {len(every)} clips"
        yield f"{name}, beam width {width}, pyctcdecode time / ours: {ratio:.1f}"


def _ours(labels: Sequence[str], model: LanguageModel | None, width: int) -> Decode:
    search = BeamSearch(labels, model)
    options = SearchOptions(beam_width=width, alpha=ALPHA, beta=BETA)

    def decode(scores: Scores) -> str:
        return search.beams(scores, options)[0].text

    decode(np.zeros((1, len(labels)), np.float32))
    return decode


def _theirs(labels: Sequence[str], model: LanguageModel | None, width: int) -> Decode:
    fusion = (
        {
            "kenlm_model_path": str(model.path),
            "unigrams": model.words,
            "alpha": ALPHA,
            "beta": BETA,
        }
        if model
        else {}
    )
    decoder = _peer.build_ctcdecoder(list(labels), **fusion)
    return lambda scores: decoder.decode(scores, beam_width=width)


def _sentences(training: Path) -> Iterator[str]:
    for name in TEXTS:
        with (training / name / "manifest.jsonl").open(encoding="utf-8") as rows:
            yield from (json.loads(row)["text"] for row in rows)
