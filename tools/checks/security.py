"""Every test that the security page names is there."""

import re
from collections.abc import Iterator

from tools.tree import Finding, Tree

PAGE = "docs/security.md"
NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"\bdef (test_\w+)\(")


def check(tree: Tree) -> Iterator[Finding]:
    there = {name for source in tree.sources_in("tests") for name in DEFINED.findall(source.text)}
    for number, line in enumerate(tree.files.get(PAGE, "").splitlines(), start=1):
        for name in NAMED.findall(line):
            if name not in there:
                yield Finding(PAGE, number, f"there is no test {name}")
