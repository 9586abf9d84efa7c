"""A throw-away tree to check: files by path, written under a fresh folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.tree import Tree

MakeTree = Callable[[dict[str, str]], Tree]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    def make(files: dict[str, str]) -> Tree:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Tree(tmp_path)

    return make
