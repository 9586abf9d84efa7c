"""The tree drawn in app/core/errors.py is the tree of its classes."""

import ast
import re
from collections.abc import Iterator

from tools.tree import Finding, Source, Tree

PATH = "app/core/errors.py"
BRANCH = re.compile(r"^(?P<indent>(?:[│ ]   )*)[├└]── (?P<name>\w+)(?: +(?P<status>\d{3})\b)?")
Node = tuple[str, int | None]  # parent, status


def check(tree: Tree) -> Iterator[Finding]:
    source = tree.sources.get(PATH)
    if source is None:
        return
    drawn, real = _drawn(source), _real(source)
    for name in sorted(drawn.keys() | real.keys()):
        if drawn.get(name) != real.get(name):
            text = f"the docstring draws {_said(name, drawn)}, the code has {_said(name, real)}"
            yield Finding(PATH, 1, text)


def _drawn(source: Source) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    path: list[str] = []
    for line in (ast.get_docstring(source.tree) or "").splitlines():
        if branch := BRANCH.match(line):
            del path[1 + len(branch["indent"]) // 4 :]
            nodes[branch["name"]] = (path[-1], int(branch["status"]) if branch["status"] else None)
            path.append(branch["name"])
        elif re.fullmatch(r"\w+", line):
            path = [line]
    return nodes


def _real(source: Source) -> dict[str, Node]:
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    names = {node.name for node in classes}
    return {
        node.name: (base.id, _status(node))
        for node in classes
        for base in node.bases
        if isinstance(base, ast.Name) and base.id in names
    }


def _status(node: ast.ClassDef) -> int | None:
    """The number given to `status`, alone or as in `code, status = "not_found", 404`."""
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            for name, value in zip(
                _parts(statement.targets[0]), _parts(statement.value), strict=False
            ):
                if isinstance(name, ast.Name) and name.id == "status":
                    return ast.literal_eval(value)
    return None


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _said(name: str, nodes: dict[str, Node]) -> str:
    if name not in nodes:
        return f"no {name}"
    parent, status = nodes[name]
    return f"{name}({parent}){f' {status}' if status else ''}"
