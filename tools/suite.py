"""`./parley test`: every check and every test, one after the other. With arguments: those tests."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PYTHON = [sys.executable, "-m"]

STEPS: dict[str, list[str]] = {
    "models": [*PYTHON, "app.cli", "models", "pull"],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "types": [str(BIN / "basedpyright"), "--level", "error"],
    "imports": [str(BIN / "lint-imports"), "--no-cache"],
    "rules": [*PYTHON, "tools.checks"],
    "papers": [*PYTHON, "tools.papers", "--check"],
    "inventory": [*PYTHON, "tools.inventory"],
    "browser": [*PYTHON, "tools.browser"],
    "tests": [*PYTHON, "pytest"],
}


def main(arguments: list[str]) -> int:
    steps = {"tests": [*STEPS["tests"], *arguments]} if arguments else STEPS
    failed = [name for name, command in steps.items() if not _passes(name, command)]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed", flush=True)
    return bool(failed)


def _passes(name: str, command: list[str]) -> bool:
    print(f"── {name}", flush=True)
    started_s = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # noqa: TID251 - handed on, not read
    finished = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    took_s = time.monotonic() - started_s
    print(f"   {'ok' if finished.returncode == 0 else 'FAILED'} in {took_s:.1f} s", flush=True)
    return finished.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
