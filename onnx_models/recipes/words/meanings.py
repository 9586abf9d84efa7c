"""What English words mean, as vectors: those that MiniLM gives the lone word, in fewer dimensions.

    PYTHONPATH=. python onnx_models/recipes/words/meanings.py MODEL.onnx TOKENIZER.json meanings.npz

The first two are of all-MiniLM-L6-v2 (Apache-2.0), a model of sentences. Half a minute on one core.
Needs `tokenizers`, which the product does not.
"""

from pathlib import Path

import click
import numpy as np
from tokenizers import Tokenizer

from app.inference.onnx import OnnxModel, OnnxRuntime

SIZE = 64
BATCH = 256
FEWEST_LETTERS = 1
ALWAYS = (
    "don't can't won't didn't doesn't isn't aren't wasn't haven't hasn't couldn't wouldn't "
    "shouldn't i'm i've i'll i'd you're you've you'll you'd we're we've we'll they're it's "
    "that's there's what's let's he's she's who's emi otp upi okay hmm uh um"
).split()
"""Words that its vocabulary has only in parts."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("tokenizer", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def main(model: Path, tokenizer: Path, target: Path) -> None:
    pieces = Tokenizer.from_file(str(tokenizer))
    pieces.no_padding()
    vocabulary = sorted(pieces.get_vocab().items(), key=lambda item: item[1])
    whole = [word for word, _ in vocabulary if word.isascii() and word.isalpha()]
    words = [*dict.fromkeys([*whole, *ALWAYS])]
    vectors = sentence_vectors(OnnxRuntime("cpu", 1).open(model), pieces, words)
    np.savez(target, words=np.array(words), vectors=fewer_dimensions(vectors))


def sentence_vectors(model: OnnxModel, pieces: Tokenizer, texts: list[str]) -> np.ndarray:
    """The mean of the states of each text, in their order."""
    encoded = [pieces.encode(text).ids[:64] for text in texts]
    by_length = sorted(range(len(texts)), key=lambda place: len(encoded[place]))
    vectors = np.zeros((len(texts), 384), np.float32)
    for start in range(0, len(texts), BATCH):
        places = by_length[start : start + BATCH]
        longest = max(len(encoded[place]) for place in places)
        ids = np.zeros((len(places), longest), np.int64)
        for row, place in enumerate(places):
            ids[row, : len(encoded[place])] = encoded[place]
        mask = (ids != 0).astype(np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = model.run({name: feeds[name] for name in model.inputs})[0]
        vectors[places] = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return vectors


def fewer_dimensions(vectors: np.ndarray) -> np.ndarray:
    """Principal components; words that are frequent, which come first, weigh less."""
    centred = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    kept = centred @ axes[:SIZE].T
    kept *= np.log(2 + np.arange(len(kept)))[:, None] / np.log(len(kept))
    return (kept / kept.std()).astype(np.float32)


if __name__ == "__main__":
    main()
