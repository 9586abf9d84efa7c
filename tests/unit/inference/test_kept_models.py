"""A model whose weights lie in the repository is listed, and loaded, without a file to fetch."""

from dataclasses import dataclass
from pathlib import Path

from app.inference.executor import Lane
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.registry import ModelRegistry

KEPT = """
[[model]]
id = "m"
title = "M"
licence = "Apache-2.0"
kind = "k"
kept = true
"""


@dataclass
class Weights:
    memory_bytes: int = 7
    device: str = "cpu"

    def close(self) -> None:
        pass


async def test_it_is_installed_and_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(KEPT, "utf-8")
    manifest = read_manifest(path)
    store = ModelStore(tmp_path / "store")
    models = ModelRegistry(manifest, store, {"k": lambda _: Weights()}, budget_bytes=100)
    assert models.installed() == {"m"}
    async with models.lease("m", Weights, Lane.REALTIME) as lent:
        assert lent.memory_bytes == 7
    await models.close()
