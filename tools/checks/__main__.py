"""`python -m tools.checks [root]`: every check of our own, one `file:line: sentence` a finding."""

import argparse
from pathlib import Path

from tools.checks import environment, error_tree, locks, names, security, sizes, stores, strays
from tools.tree import Finding, Tree

CHECKS = (sizes, names, environment, stores, strays, locks, error_tree, security)


def findings(root: Path) -> list[Finding]:
    tree = Tree(root)
    return sorted({finding for module in CHECKS for finding in module.check(tree)})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.checks")
    parser.add_argument("root", nargs="?", type=Path, default=Path())
    found = findings(parser.parse_args().root)
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
