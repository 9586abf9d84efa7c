"""`python -m tools.lock [--upgrade]`: writes the locks again from pyproject.toml.

They are universal (every platform and Python from 3.11 on), pinned by hash, and name no index.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = str(Path(sys.executable).parent / "uv")
SHAPE = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
AGREE = ("--constraint", "requirements-cpu.lock")
PRODUCT = ("--override", "requirements-overrides.txt")
TESTS = ("--override", "requirements-overrides-dev.txt")

LOCKS: dict[str, tuple[str, ...]] = {
    "cpu": ("pyproject.toml", "--extra", "cpu", *PRODUCT),
    "gpu": ("pyproject.toml", "--extra", "gpu", *AGREE, *PRODUCT),
    "fast": ("--group", "fast", *AGREE),
    "dev": ("--group", "dev", *AGREE, *TESTS),
}


def main(options: list[str]) -> None:
    for name, what in LOCKS.items():
        target = f"requirements-{name}.lock"
        version = ("--python-version", "3.11", "--output-file", target)
        command = [UV, "pip", "compile", *what, *SHAPE, *version, *options]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
