"""Where the browser of the tests comes from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
APT_GET = """#!/bin/sh
echo "$@" >> "$HERE/asked"
case "$*" in
    *"install --yes"*chromium) /bin/cp /bin/true "$HERE/chromium" ;;
esac
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed by root alone")


def program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def browser(path: Path) -> tuple[int, str]:
    """Status and words of the command, on a machine that has what is in this folder."""
    command = [sys.executable, "-m", "tools.browser"]
    environment = {"PATH": str(path), "PYTHONPATH": str(ROOT), "HERE": str(path)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_on_the_path_is_taken_and_nothing_is_installed(tmp_path: Path, name: str) -> None:
    program(tmp_path, name)
    program(tmp_path, "apt-get", APT_GET)
    assert browser(tmp_path) == (0, f"{tmp_path / name}\n")
    assert not (tmp_path / "asked").exists()


@as_root
def test_where_there_is_none_its_package_is_installed(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", APT_GET)
    status, said = browser(tmp_path)
    assert (status, said.splitlines()[-1]) == (0, str(tmp_path / "chromium"))
    assert [line.split()[1] for line in (tmp_path / "asked").read_text().splitlines()] == [
        "update",
        "install",
    ]


def test_where_none_can_be_had_it_fails_with_what_to_install(tmp_path: Path) -> None:
    status, said = browser(tmp_path)
    assert status == 1
    assert "apt-get install chromium" in said


@as_root
def test_a_package_that_cannot_be_installed_fails_the_same_way(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", "#!/bin/sh\nexit 100\n")
    status, said = browser(tmp_path)
    assert status == 1
    assert "apt-get install chromium" in said
