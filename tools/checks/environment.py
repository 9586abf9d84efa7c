"""Only app/core/settings.py reads the environment, in any spelling: ruff sees only the usual."""

import ast
from collections.abc import Iterator

from tools.tree import Finding, Tree

READER = "app/core/settings.py"
NAMES = frozenset(("environ", "environb", "expandvars", "getenv", "getenvb", "putenv", "unsetenv"))
MODULES = frozenset(("nt", "os", "os.path", "posix", "posixpath"))


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources_in("app"):
        if source.path == READER:
            continue
        for node in ast.walk(source.tree):
            if _reads(node):
                yield Finding(
                    source.path,
                    getattr(node, "lineno", 1),
                    f"only {READER} reads the environment; take the value as an argument",
                )


def _reads(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return name in NAMES
        case ast.ImportFrom(module=module, names=aliases):
            return module in MODULES and any(item.name in {*NAMES, "*"} for item in aliases)
        case ast.Call(args=arguments):  # getattr(os, "environ")
            return any(_is_name(argument) for argument in arguments)
        case ast.Subscript(slice=key):  # vars(os)["environ"]
            return _is_name(key)
        case _:
            return False


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in NAMES
