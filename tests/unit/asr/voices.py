"""Made-up voices: directions in 192 dimensions, and windows that scatter around them."""

import numpy as np

from app.asr.clustering import Vectors

SIZE = 192


def voices(count: int, seed: int = 0, *, alike: float = 0.0) -> Vectors:
    """Directions whose cosine to each other is about `alike`."""
    random = np.random.default_rng(seed)
    own = random.normal(size=(count, SIZE)) / np.sqrt(SIZE)
    shared = random.normal(size=SIZE) / np.sqrt(SIZE)
    return unit(np.sqrt(1 - alike) * own + np.sqrt(alike) * shared)


def heard(voice: Vectors, count: int, seed: int = 0, *, scatter: float = 0.8) -> Vectors:
    """Windows of one speaker; `scatter` is the length of what is not the voice."""
    noise = np.random.default_rng(1000 + seed).normal(size=(count, SIZE)) / np.sqrt(SIZE)
    return unit(voice + scatter * noise)


def unit(vectors: np.ndarray) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / lengths).astype(np.float32)
