"""The file that tells the operator the admin token: written once, readable by its owner only."""

import os
from pathlib import Path


def path_of(data_dir: Path) -> Path:
    return data_dir / "auth" / "admin_token.txt"


def write(data_dir: Path, token: str) -> None:
    path = path_of(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token + "\n")
    draft.replace(path)


def read(data_dir: Path) -> str | None:
    try:
        return path_of(data_dir).read_text().strip()
    except FileNotFoundError:
        return None
