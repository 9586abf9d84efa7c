"""`python -m tools.checks` as a developer runs it, and which files it looks at."""

import subprocess
import sys
from pathlib import Path

from tests.unit.tools.conftest import MakeTree
from tools.tree import Tree

ROOT = Path(__file__).parents[3]
SOUND = {"app/__init__.py": "", "app/asr.py": '"""Hears."""\n', "README.md": "# A project\n"}


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.checks", str(root)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_sound_tree_passes_in_silence(make_tree: MakeTree) -> None:
    done = run(make_tree(SOUND).root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_findings_of_every_check_come_sorted_and_fail(make_tree: MakeTree) -> None:
    files = {
        "app/asr.py": "import os\n\nx = os.environ\n",
        "app/core/errors.py": '"""Errors.\n\nAppError\n└── Gone 410\n"""\n',
        "app/tts/store.py": '"""Keeps."""\n',
        "app/utils.py": '"""Odds and ends."""\n',
        "app/vision.py": '"""Sees."""\n\n\ndef f(a, b, c, d, e, f, g, h): ...\n',
        "notes.md": "TO" + "DO\n",
        "requirements-cpu.lock": "msgspec==0.22.0\n",
    }
    done = run(make_tree(files).root)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [
        "app/asr.py:1",
        "app/asr.py:3",
        "app/core/errors.py:1",
        "app/tts/store.py:1",
        "app/utils.py:1",
        "app/vision.py:4",
        "notes.md:1",
        "requirements-cpu.lock:1",
    ]


def test_a_file_that_cannot_be_parsed_hides_no_other(make_tree: MakeTree) -> None:
    tree = make_tree({"app/a.py": "def (:\n", "app/utils.py": '"""Odds and ends."""\n'})
    assert run(tree.root).stdout.startswith("app/utils.py:1: ")


def test_what_git_ignores_is_not_looked_at(make_tree: MakeTree) -> None:
    root = make_tree({".gitignore": "data/\n", "data/a.md": "", "new.md": "", "was.md": ""}).root
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "was.md"], check=True)
    (root / "was.md").unlink()
    assert list(Tree(root).files) == [".gitignore", "new.md"]


def test_without_history_hidden_folders_and_binaries_are_not_looked_at(make_tree: MakeTree) -> None:
    files = {".venv/x.py": "", "app/__pycache__/x.py": "", "app/x.py": "", "x.bin": "a\0b"}
    assert list(make_tree(files).files) == ["app/x.py"]
