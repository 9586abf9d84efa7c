"""The acceptance list against test markers, as a developer sees it on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tools.conftest import MakeTree
from tools import inventory
from tools.tree import Tree

ROOT = Path(__file__).parents[3]
HEAD = "\t".join(inventory.COLUMNS) + "\n"
ROWS = "".join(
    f'{name}\t{family}\trest\tGET\t/{name}\tsays "x\t{family}.txt\n'
    for name, family in (("A-1", "calls"), ("A-2", "calls"), ("B-1", "voice"))
)
# Spelt in pieces: the ids of these tests must not count as marks of this file.
MARK = "pytest.mark." + "inventory"
TEST = f"""import pytest
pytestmark = [pytest.mark.slow, {MARK}("A-1")]
@pytest.mark.parametrize("x", [pytest.param(1, marks={MARK}("B-1"))])
def test_x(x): ...
"""


def run(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.inventory", str(root), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_families_are_counted_and_what_is_missing_is_listed(make_tree: MakeTree) -> None:
    tree = make_tree({inventory.PATH: HEAD + ROWS, "tests/unit/test_x.py": TEST})
    done = run(tree.root, "--missing")
    assert done.returncode == 0
    missing, *counts = done.stdout.splitlines()
    assert missing.startswith("A-2 ")
    assert [line.split() for line in counts] == [
        ["calls", "1", "/", "2"],
        ["voice", "1", "/", "1"],
        ["all", "2", "/", "3"],
    ]
    assert len(run(tree.root).stdout.splitlines()) == 3


def test_nothing_missing_prints_no_empty_line(make_tree: MakeTree) -> None:
    test = f'import pytest\npytestmark = {MARK}("A-1", "A-2", "B-1")\n'
    tree = make_tree({inventory.PATH: HEAD + ROWS, "tests/test_x.py": test})
    assert run(tree.root, "--missing").stdout.splitlines()[0].startswith("calls")


def test_an_unknown_id_fails_and_is_named(make_tree: MakeTree) -> None:
    test = TEST.replace("A-1", "A-9")
    tree = make_tree({inventory.PATH: HEAD + ROWS, "tests/test_x.py": test})
    done = run(tree.root)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "tests/test_x.py:2: A-9 is no row of docs/inventory.tsv"


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [("*IDS", "*IDS is no row"), ("name", "name is no row"), ('"id"', "id is no row")],
)
def test_a_mark_that_names_no_row_fails(make_tree: MakeTree, mark: str, sentence: str) -> None:
    test = f"import pytest\npytestmark = {MARK}({mark})\n"
    tree = make_tree({inventory.PATH: HEAD + ROWS, "tests/test_x.py": test})
    (found,) = inventory.check(tree)
    assert sentence in found.text


def test_an_id_that_stands_twice_fails(make_tree: MakeTree) -> None:
    tree = make_tree({inventory.PATH: HEAD + ROWS + ROWS.splitlines()[0] + "\n"})
    done = run(tree.root)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "docs/inventory.tsv:5: A-1 stands in line 2 already"


@pytest.mark.parametrize("text", [ROWS, HEAD + "A-1\tcalls\n", HEAD + HEAD])
def test_a_row_of_other_columns_fails(make_tree: MakeTree, text: str) -> None:
    assert list(inventory.check(make_tree({inventory.PATH: text})))


def test_the_list_of_the_project_is_sound() -> None:
    tree = Tree(ROOT)
    assert not list(inventory.check(tree))
    assert {"env", "ext"} <= {row.family for row in inventory.rows(tree)}
