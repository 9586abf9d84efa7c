"""What must not be left in a tracked file: registry hosts, paths of this machine, open ends."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.tree import Finding, Tree

# Written in pieces, so that this file passes its own check.
OPEN_ENDS = ("TO" + "DO", "FIX" + "ME", "X" * 3)
PUBLIC_HOSTS = tuple(
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("conda", "anaconda", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
)

CLIENT_VARIABLES = ("PIP_", "UV_", "NPM_CONFIG_")
CLIENT_FILES = (
    "/etc/pip.conf",
    "/etc/xdg/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/.config/pip/pip.conf",
    f"{sys.prefix}/pip.conf",
    "/etc/uv/uv.toml",
    "~/.config/uv/uv.toml",
    "/etc/npmrc",
    "~/.npmrc",
    "/etc/apt/sources.list",
)
APT_SOURCES = Path("/etc/apt/sources.list.d")
URL_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]+\.[a-z]+)")

# Folders that every machine has: naming one says nothing about this machine.
EVERYWHERE = frozenset(
    Path("/", name)
    for name in ("", "app", "data", "home", "mnt", "opt", "srv", "tmp", "usr", "var")
)

BUILT = re.compile(r"^.{2000}", re.MULTILINE)  # a line that long was written by a bundler


def check(tree: Tree) -> Iterator[Finding]:
    leaks = (
        (_hosts_pattern(), "names a package registry: {}"),
        (_places_pattern(tree.root), "names a path of this machine: {}"),
    )
    open_ends = (re.compile(rf"\b(?:{'|'.join(OPEN_ENDS)})\b"), "leaves an open end: {}")
    for name, text in tree.files.items():
        for pattern, sentence in leaks if BUILT.search(text) else (*leaks, open_ends):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield Finding(name, line, f"the line {sentence.format(match.group())}")


def registry_hosts() -> set[str]:
    """The public hosts, and those which the package clients of this machine are set to."""
    files = (*(Path(name).expanduser() for name in CLIENT_FILES), *APT_SOURCES.glob("*"))
    texts = [path.read_text(errors="replace") for path in files if path.is_file()]
    variables = os.environ.items()  # noqa: TID251 - the machine's settings, not the product's
    texts += [value for name, value in variables if name.upper().startswith(CLIENT_VARIABLES)]
    lines = (line for text in texts for line in text.splitlines())
    named = {
        host
        for line in lines
        if not line.lstrip().startswith(("#", ";"))
        for host in URL_HOST.findall(line)
    }
    return named | set(PUBLIC_HOSTS)


def machine_places(root: Path) -> set[Path]:
    """The folders that only this machine has: the clone, what it lies in, the home."""
    return {root, root.parent, Path.home().resolve()} - EVERYWHERE


def _hosts_pattern() -> re.Pattern[str]:
    hosts = "|".join(map(re.escape, sorted(registry_hosts())))
    return re.compile(rf"(?<![\w-])(?:{hosts})(?![\w-]|\.\w)")


def _places_pattern(root: Path) -> re.Pattern[str]:
    """A folder right below `/` only with what lies in it: alone it may be a word of a URL."""
    places = "|".join(
        re.escape(str(place)) + ("/" if len(place.parts) == 2 else r"(?![\w-])")
        for place in sorted(machine_places(root))
    )
    return re.compile(rf"(?<![\w.])(?:{places})")
