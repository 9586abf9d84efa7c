"""`./parley test`: every check and every test. With arguments: those tests."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PYTHON = [sys.executable, "-m"]

BESIDE_EACH_OTHER: dict[str, list[str]] = {
    "unit tests": [*PYTHON, "pytest", "tests/unit"],
    "models": [*PYTHON, "app.cli", "models", "pull"],
    "types": [str(BIN / "basedpyright"), "--level", "error"],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "imports": [str(BIN / "lint-imports"), "--no-cache"],
    "rules": [*PYTHON, "tools.checks"],
    "papers": [*PYTHON, "tools.papers", "--check"],
    "inventory": [*PYTHON, "tools.inventory"],
    "browser": [*PYTHON, "tools.browser"],
}
"""The longest first. None of them measures time."""
AT_ONCE = 2
TESTS = [*PYTHON, "pytest"]


def main(arguments: list[str]) -> int:
    if arguments:
        failed = _failed({"tests": [*TESTS, *arguments]}, at_once=1)
    else:
        failed = _failed(BESIDE_EACH_OTHER, at_once=AT_ONCE)
        failed += _failed({"tests": [*TESTS, "--ignore=tests/unit"]}, at_once=1)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed", flush=True)
    return bool(failed)


def _failed(steps: dict[str, list[str]], *, at_once: int) -> list[str]:
    """What runs alone is heard as it runs, the rest when it is over."""
    with ThreadPoolExecutor(at_once) as pool:
        passed = pool.map(lambda step: _passes(*step, aloud=at_once == 1), steps.items())
        return [name for name, passes in zip(steps, passed, strict=True) if not passes]


def _passes(name: str, command: list[str], *, aloud: bool) -> bool:
    if aloud:
        print(f"── {name}", flush=True)
    started_s = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # noqa: TID251 - handed on, not read
    hushed = {} if aloud else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    finished = subprocess.run(command, cwd=ROOT, env=environment, check=False, **hushed)
    took_s = time.monotonic() - started_s
    heard = "" if aloud else f"── {name}\n{finished.stdout.decode(errors='replace')}"
    verdict = "ok" if finished.returncode == 0 else "FAILED"
    print(f"{heard}   {verdict} in {took_s:.1f} s", flush=True)
    return finished.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
