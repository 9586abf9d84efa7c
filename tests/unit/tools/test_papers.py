"""Generated sections: renewed, found stale, and nothing else touched."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.core import settings
from tests.unit.tools.conftest import MakeTree
from tools import papers

ROOT = Path(__file__).parents[3]
BEFORE, AFTER = "# Title\n\nBy hand.\n\n", "\n\nBy hand, too: <!-- a comment -->\n"
CONTRACTS = """
[[tool.importlinter.contracts]]
name = "1 Layers"
type = "layers"
containers = ["app"]
layers = ["cli", "api | (admin)", "core"]

[[tool.importlinter.contracts]]
name = "2 One thing is private"
type = "protected"

[[tool.importlinter.contracts]]
name = "2 another is private"
type = "protected"
"""


def paper(name: str, body: str = "") -> str:
    return f"{BEFORE}<!-- generated:{name} -->\n{body}<!-- /generated -->{AFTER}"


@pytest.fixture
def root(make_tree: MakeTree) -> Path:
    return make_tree(
        {
            "README.md": paper("settings", "old\n"),
            "ARCHITECTURE.md": paper("layers"),
            "pyproject.toml": CONTRACTS,
        }
    ).root


def run(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.papers", str(root), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_stale_sections_are_named_and_left_alone(root: Path) -> None:
    done = run(root, "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "README.md:5: the section settings is stale: run tools.papers",
        "ARCHITECTURE.md:5: the section layers is stale: run tools.papers",
    ]
    assert (root / "README.md").read_text() == paper("settings", "old\n")


def test_renewed_sections_are_no_longer_stale_and_the_rest_stays(root: Path) -> None:
    assert run(root).returncode == 0
    assert run(root, "--check").returncode == 0
    for name in papers.PAPERS:
        text = (root / name).read_text()
        assert text.startswith(BEFORE)
        assert text.endswith(AFTER)


def test_every_setting_is_in_the_table() -> None:
    rows = papers.settings_table(ROOT).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [item.env for item in settings.describe()]
    assert {row.replace(r"\|", "").count("|") for row in rows} == {5}


def test_the_picture_draws_the_layers_and_names_the_other_contracts(root: Path) -> None:
    picture = papers.layers_picture(root).splitlines()
    assert picture[:9] == [
        "```text",
        "app",
        "┌──────────────────┐",
        "│       cli        │",
        "├──────────────────┤",
        "│  api    (admin)  │",
        "├──────────────────┤",
        "│       core       │",
        "└──────────────────┘",
    ]
    assert picture[-1] == "* 2: One thing is private; another is private"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (paper("other", "x\n"), ["README.md:1: has no section a", "nothing generates"]),
        (paper("a", "new"), ["README.md:5: the section a is stale"]),
        (BEFORE, ["README.md:1: has no section a"]),
        (paper("a", "new\n"), []),
    ],
)
def test_a_section_lost_or_strange_is_named(
    make_tree: MakeTree, text: str, sentences: list[str]
) -> None:
    path = make_tree({"README.md": text}).root / "README.md"
    found = [str(item) for item in papers.stale(path, {"a": "new"})]
    assert len(found) == len(sentences)
    assert all(sentence in item for sentence, item in zip(sentences, found, strict=True))
