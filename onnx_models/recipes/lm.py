"""Builds the language models of general and lending talk; measures them on what was held out.

    PYTHONPATH=. python -m onnx_models.recipes.lm STORE CORPUS onnx_models

CORPUS is what `texts/collect.py` wrote; KenLM's tools are compiled into STORE once.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from app.asr.kenlm_tools import KenlmTools, make_tools
from app.asr.language_model import (
    WORDS_SUFFIX,
    LanguageModel,
    arpa_words,
    lm_form,
    open_language_model,
)
from app.inference.model_store import ModelStore
from app.inference.progress import PlainReporter

FIELDS = ("general", "lending")
ORDER, MEMORY_MB = 3, 1000
PRUNED = ("0", "0", "1")
"""N-grams that were seen no oftener are left out, by order."""
MOST_WORDS, FEWEST_TIMES = 25000, 2
CALLS_TIMES = 10
"""So often the model of lending reads the calls, which are few, beside the general text."""
BITS = 8
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_WORDS = re.compile(r"[a-z']+(?: [a-z']+)*")


@click.command()
@click.argument("store", type=click.Path(path_type=Path))
@click.argument("corpus", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def build(store: Path, corpus: Path, target: Path) -> None:
    tools = make_tools(ModelStore(store), PlainReporter(sys.stdout))
    train = {field: _sentences(corpus / "train" / f"{field}.txt") for field in FIELDS}
    read = {
        "general": train["general"],
        "lending": [*train["general"], *(train["lending"] * CALLS_TIMES)],
    }
    models: dict[str, LanguageModel] = {}
    for field in FIELDS:
        folder = target / f"lm-{field}"
        folder.mkdir(exist_ok=True)
        _build(tools, read[field], folder / "en.bin")
        models[field] = open_language_model(folder / "en.bin")
    for field in FIELDS:
        heldout = _sentences(corpus / "heldout" / f"{field}.txt")
        click.echo(f"{field}, {sum(len(each.split()) for each in heldout)} words held out:")
        click.echo(f"  words by themselves: perplexity {_by_themselves(read[field], heldout):.0f}")
        for name, model in models.items():
            perplexity, unknown = _perplexity(model, heldout)
            click.echo(f"  lm-{name}: perplexity {perplexity:.0f}, unknown words {unknown:.1%}")


def _sentences(text: Path) -> list[str]:
    """As CTC models spell: without digits."""
    with text.open(encoding="utf-8") as lines:
        said = (lm_form(each) for line in lines for each in _SENTENCE_END.split(line))
        return [each for each in said if _WORDS.fullmatch(each)]


def _build(tools: KenlmTools, sentences: Sequence[str], target: Path) -> None:
    counts = Counter(word for sentence in sentences for word in sentence.split())
    known = [word for word, times in counts.most_common(MOST_WORDS) if times >= FEWEST_TIMES]
    with TemporaryDirectory() as folder:
        arpa, words = Path(folder, "model.arpa"), Path(folder, "words.txt")
        words.write_text("\n".join(known), "utf-8")
        options = [f"--order={ORDER}", f"--memory={MEMORY_MB}M", f"--temp_prefix={folder}/"]
        options += ["--discount_fallback", f"--limit_vocab_file={words}", "--prune", *PRUNED]
        command = [str(tools.lmplz), *options, f"--arpa={arpa}"]
        subprocess.run(command, input="\n".join(sentences).encode(), check=True)  # noqa: S603
        bits = ["-q", str(BITS), "-b", str(BITS), "-a", "22"]
        command = [str(tools.build_binary), *bits, "trie", str(arpa), str(target)]
        subprocess.run(command, check=True)  # noqa: S603
        with arpa.open(encoding="utf-8") as lines:
            listed = "".join(f"{word}\n" for word in arpa_words(lines))
    target.with_name(target.name + WORDS_SUFFIX).write_text(listed, "utf-8")


def _perplexity(model: LanguageModel, sentences: Sequence[str]) -> tuple[float, float]:
    """Of the words it knows and of the ends; and how many it does not know."""
    known = frozenset(model.words or ())
    total, counted, unknown = 0.0, 0, 0
    for sentence in sentences:
        state = model.begin()
        for word in [*sentence.split(), "</s>"]:
            score, state = model.follow(state, word)
            if word in known or word == "</s>":
                total, counted = total + score, counted + 1
            else:
                unknown += 1
    return math.exp(-total / counted), unknown / (counted + unknown)


def _by_themselves(train: Sequence[str], heldout: Sequence[str]) -> float:
    """As likely as they are often, whatever stands before them; over those that were seen."""
    counts = Counter(_with_ends(train))
    every = counts.total()
    seen = [math.log(counts[word] / every) for word in _with_ends(heldout) if counts[word]]
    return math.exp(-sum(seen) / len(seen))


def _with_ends(sentences: Sequence[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from sentence.split()
        yield "</s>"


if __name__ == "__main__":
    build()
