"""The search: it finds the least of what it is asked about, stretched and noisy."""

import numpy as np
import pytest

from app.tts.evolution import Evolution


def searched(size: int, stretch: float, asks: int, *, noise: float = 0.0, seed: int = 1) -> float:
    random = np.random.default_rng(0)
    scales = 10 ** np.linspace(0, stretch, size)
    search = Evolution(np.full(size, 1.0), 0.5, seed)
    for _ in range(asks // search.population):
        search.tell(
            [
                float(np.square(point * scales).sum()) + noise * random.standard_normal()
                for point in search.ask()
            ]
        )
    return float(np.square(search.mean * scales).sum())


@pytest.mark.parametrize(("size", "asks"), [(5, 1500), (22, 10_000)])
def test_it_finds_the_bottom_of_a_long_valley(size: int, asks: int) -> None:
    assert searched(size, 1.5, asks) < 1e-8


def test_noise_keeps_it_from_the_bottom_but_not_from_the_valley() -> None:
    assert searched(10, 0.5, 2000, noise=0.1) < 0.05 * searched(10, 0.5, 0)


def test_the_same_seed_searches_the_same_way() -> None:
    assert searched(5, 1.0, 100) == searched(5, 1.0, 100) != searched(5, 1.0, 100, seed=2)
