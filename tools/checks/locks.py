"""The locks: every requirement hashed, from no named place, and the same versions in each lock."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import combinations

from tools.tree import Finding, Tree

PATTERN = "requirements-*.lock"
EITHER_OR = ("onnxruntime", "onnxruntime-gpu")
REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
Versions = dict[str, dict[str, int]]  # package -> version -> line


def check(tree: Tree) -> Iterator[Finding]:
    locks: dict[str, Versions] = {}
    for path, text in tree.files.items():
        if fnmatch(path, PATTERN):
            locks[path] = {}
            yield from _lines(path, text, locks[path])
            yield from _one_runtime(path, locks[path])
    for one, other in combinations(sorted(locks), 2):
        yield from _agreement(one, locks[one], other, locks[other])


def _lines(path: str, text: str, versions: Versions) -> Iterator[Finding]:
    for line, requirement in _logical_lines(text):
        head = requirement.split(" --hash=")[0]
        pinned = REQUIREMENT.match(head)
        if requirement.startswith("-"):
            yield Finding(path, line, f"a lock takes no option: {head}")
        elif "://" in requirement or " @ " in head:
            yield Finding(path, line, "a lock names no place to fetch from")
        elif not pinned:
            yield Finding(path, line, f"not a pinned requirement: {head}")
        else:
            name = re.sub(r"[-_.]+", "-", pinned[1]).lower()
            versions.setdefault(name, {})[pinned[2]] = line
            if not HASH.search(requirement):
                yield Finding(path, line, f"{name} has no hash")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Requirements with their continuation lines joined, comments left out."""
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        parts.append(content.removesuffix("\\").strip())
        if not content.endswith("\\"):
            joined = " ".join(filter(None, parts))
            if joined:
                yield number - len(parts) + 1, joined
            parts = []


def _one_runtime(path: str, versions: Versions) -> Iterator[Finding]:
    if all(name in versions for name in EITHER_OR):
        line = max(versions[EITHER_OR[1]].values())
        yield Finding(path, line, f"{' and '.join(EITHER_OR)} break each other; keep one")


def _agreement(one: str, left: Versions, other: str, right: Versions) -> Iterator[Finding]:
    for name in sorted(left.keys() & right.keys()):
        if left[name].keys() != right[name].keys():
            here, there = (", ".join(sorted(side[name])) for side in (left, right))
            line = min(right[name].values())
            yield Finding(other, line, f"{name} is {there} here but {here} in {one}")
