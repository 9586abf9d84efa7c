"""The acceptance list, docs/inventory.tsv, against the markers of the tests. Runs no test.

`python -m tools.inventory` counts what is covered, family by family; `--missing` lists the rest.
"""

import argparse
import ast
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.tree import Finding, Source, Tree

PATH = "docs/inventory.tsv"
COLUMNS = ("id", "family", "kind", "method", "path_or_name", "details", "seed")


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    family: str
    kind: str
    method: str
    path_or_name: str
    details: str
    seed: str

    def __str__(self) -> str:
        named = " ".join(filter(None, (self.method, self.path_or_name)))
        return f"{self.id}  {self.family}  {self.kind}  {named}  {self.details}"


@dataclass(frozen=True, slots=True)
class Mention:
    id: str
    path: str
    line: int


def check(tree: Tree) -> Iterator[Finding]:
    """What is wrong with the list or with a marker; a row no test covers is not."""
    text = tree.files.get(PATH)
    if text is None:
        return
    lines: dict[str, int] = {}
    for number, fields in enumerate(_records(text), start=1):
        if len(fields) != len(COLUMNS) or (number == 1) != (tuple(fields) == COLUMNS):
            yield Finding(PATH, number, f"not the {len(COLUMNS)} columns: {' '.join(COLUMNS)}")
        elif fields[0] in lines:
            yield Finding(PATH, number, f"{fields[0]} stands in line {lines[fields[0]]} already")
        else:
            lines[fields[0]] = number
    for mention in mentions(tree):
        if mention.id not in lines or lines[mention.id] == 1:
            yield Finding(mention.path, mention.line, f"{mention.id} is no row of {PATH}")


def rows(tree: Tree) -> list[Row]:
    return [
        Row(*fields) for fields in _records(tree.files[PATH])[1:] if len(fields) == len(COLUMNS)
    ]


def mentions(tree: Tree) -> Iterator[Mention]:
    """Every id that a `pytest.mark.inventory(...)` of a test names."""
    for source in tree.sources_in("tests"):
        for call in _markers(source):
            for argument in call.args:
                named = argument.value if isinstance(argument, ast.Constant) else None
                text = named if isinstance(named, str) else ast.unparse(argument)
                yield Mention(text, source.path, argument.lineno)


def _markers(source: Source) -> Iterator[ast.Call]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="inventory", value=ast.Attribute(attr="mark"))):
                yield node
            case _:
                pass


def _records(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def _report(listed: Iterable[Row], covered: set[str]) -> Iterator[str]:
    totals: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for row in listed:
        totals[row.family] += 1
        done[row.family] += row.id in covered
    for family, total in sorted(totals.items()):
        yield f"{family:<16}{done[family]:>5} / {total}"
    yield f"{'all':<16}{done.total():>5} / {totals.total()}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.inventory", description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path())
    parser.add_argument("--missing", action="store_true", help="list the rows no test covers")
    options = parser.parse_args()
    tree = Tree(options.root)
    defects = list(check(tree))
    covered = {mention.id for mention in mentions(tree)}
    listed = rows(tree)
    missing = [row for row in listed if options.missing and row.id not in covered]
    print(*missing, *_report(listed, covered), *defects, sep="\n")
    return 1 if defects else 0


if __name__ == "__main__":
    raise SystemExit(main())
