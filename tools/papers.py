"""The parts of README.md and ARCHITECTURE.md that are generated. Touches no other line.

`python -m tools.papers` renews what stands between `<!-- generated:NAME -->` and
`<!-- /generated -->`; with `--check` it only names the sections that are stale.
"""

import argparse
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from app.core import settings
from tools.tree import Finding

SECTION = re.compile(r"(<!-- generated:(\w+) -->\n)(.*?)(<!-- /generated -->)", re.DOTALL)


def settings_table(_root: Path) -> str:
    lines = ["| variable | is | default | meaning |", "|---|---|---|---|"]
    for item in settings.describe():
        default = f"`{item.default}`" if item.default else ""
        cells = (f"`{item.env}`", item.type, default, item.doc)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines)


def layers_picture(root: Path) -> str:
    """The layered contracts drawn, then the names of the others."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = config["tool"]["importlinter"]["contracts"]
    drawings = [_stack(contract) for contract in contracts if contract["type"] == "layers"]
    others = (contract["name"] for contract in contracts if contract["type"] != "layers")
    return "\n".join(
        (
            "```text",
            *"\n\n".join(drawings).splitlines(),
            "```",
            "",
            "A layer may import those below it; packages side by side do not know each other.",
            "A name in parentheses is planned and bound from its first file. Besides:",
            "",
            *_numbered(others),
        )
    )


PAPERS: dict[str, dict[str, Callable[[Path], str]]] = {
    "README.md": {"settings": settings_table},
    "ARCHITECTURE.md": {"layers": layers_picture},
}


def renewed(text: str, sections: dict[str, str]) -> str:
    """`text` with the body of each section; what is not between markers stays as it is."""

    def section(match: re.Match[str]) -> str:
        opening, name, _, closing = match.groups()
        return f"{opening}{sections[name]}\n{closing}" if name in sections else match[0]

    return SECTION.sub(section, text)


def stale(path: Path, sections: dict[str, str]) -> Iterator[Finding]:
    """The sections that are not what they should be, are nowhere, or that nobody generates."""
    found = {match[2]: match for match in SECTION.finditer(path.read_text(encoding="utf-8"))}
    for name in sorted(found.keys() | sections.keys()):
        if name not in found:
            yield Finding(path.name, 1, f"has no section {name}")
        else:
            line = found[name].string.count("\n", 0, found[name].start()) + 1
            if name not in sections:
                yield Finding(path.name, line, f"nothing generates the section {name}")
            elif found[name][3] != f"{sections[name]}\n":
                yield Finding(path.name, line, f"the section {name} is stale: run tools.papers")


def _stack(contract: dict[str, Any]) -> str:
    """One box over the other, the container's name on top."""
    rows = [re.sub(r"\s*\|\s*", "    ", layer) for layer in contract["layers"]]
    width = max(map(len, rows)) + 4
    bars = f"├{'─' * width}┤"
    boxes = f"\n{bars}\n".join(f"│{row:^{width}}│" for row in rows)
    title = " ".join(contract["containers"]).replace("*.", "app.")
    return f"{title}\n┌{'─' * width}┐\n{boxes}\n└{'─' * width}┘"


def _numbered(names: Iterable[str]) -> Iterator[str]:
    """`9 a is private` and `9 b is private` in one line, in the order of the numbers."""
    grouped: defaultdict[int, list[str]] = defaultdict(list)
    for name in names:
        number, rule = name.split(" ", 1)
        grouped[int(number)].append(rule)
    for number, rules in sorted(grouped.items()):
        yield f"* {number}: {'; '.join(rules)}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.papers")
    parser.add_argument("root", nargs="?", type=Path, default=Path())
    parser.add_argument("--check", action="store_true", help="change nothing, name what is stale")
    options = parser.parse_args()
    findings: list[Finding] = []
    for name, generators in PAPERS.items():
        path = options.root / name
        sections = {section: generate(options.root) for section, generate in generators.items()}
        if not options.check:
            text = path.read_text(encoding="utf-8")
            path.write_text(renewed(text, sections), encoding="utf-8")
        findings += stale(path, sections)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
