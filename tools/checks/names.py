"""What a module is called, and that it says what it owns."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.tree import Finding, Tree

SAY_NOTHING = frozenset(("common", "helper", "helpers", "manager", "managers", "util", "utils"))


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources.values():
        for part in PurePosixPath(source.path).with_suffix("").parts:
            if SAY_NOTHING & set(part.lower().split("_")):
                yield Finding(source.path, 1, f"the name {part!r} does not say what is inside")
        if source.text.strip() and not ast.get_docstring(source.tree):
            yield Finding(source.path, 1, "the module has no docstring saying what it owns")
