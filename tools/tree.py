"""The project's files as the tools see them: tracked, or about to be. Judges nothing."""

import ast
import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One sentence about one line."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Source:
    path: str
    text: str
    tree: ast.Module


class Tree:
    """A root and its files by relative path; each is read and parsed once."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @cached_property
    def files(self) -> dict[str, str]:
        """The text files, by path with forward slashes."""
        return {name: text for name in self._names() if (text := self._text(name)) is not None}

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The Python files that can be parsed; ruff names the others."""
        parsed: dict[str, Source] = {}
        for name, text in self.files.items():
            if name.endswith(".py"):
                with contextlib.suppress(SyntaxError):
                    parsed[name] = Source(name, text, ast.parse(text, filename=name))
        return parsed

    def sources_in(self, *packages: str) -> Iterator[Source]:
        for name, source in self.sources.items():
            if name.startswith(tuple(f"{package}/" for package in packages)):
                yield source

    def _names(self) -> list[str]:
        try:
            listing = subprocess.run(
                ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):  # no git, or a tree without history
            found = (path.relative_to(self.root) for path in self.root.rglob("*"))
            return sorted(path.as_posix() for path in found if not _is_hidden(path))
        return sorted({name for name in listing.stdout.split("\0") if name})

    def _text(self, name: str) -> str | None:
        path = self.root / name
        if not path.is_file() or path.is_symlink():
            return None
        data = path.read_bytes()
        return None if b"\0" in data else data.decode(errors="replace")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts[:-1])
