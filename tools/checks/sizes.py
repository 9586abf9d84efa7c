"""Sizes a reader can hold in the head: of files, functions, parameter lists, route handlers."""

import ast
from collections.abc import Iterator

from tools.tree import Finding, Source, Tree

FILE_LINES = 400
FUNCTION_LINES = 50
HANDLER_LINES = 25
PARAMETERS = 7
ROUTES = frozenset(
    (
        "asgi",
        "delete",
        "get",
        "head",
        "patch",
        "post",
        "put",
        "route",
        "websocket",
        "websocket_listener",
        "websocket_stream",
    )
)
ADAPTERS = ("app/api/", "app/admin/")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources.values():
        yield from _file(source)
        handlers = _handlers(source) if source.path.startswith(ADAPTERS) else set[Function]()
        for node, is_method in _functions(source.tree):
            yield from _function(source.path, node, is_handler=node in handlers)
            yield from _parameters(source.path, node, is_method=is_method)


def _file(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n") + (not source.text.endswith("\n"))
    if lines > FILE_LINES:
        text = f"the file has {lines} lines; {FILE_LINES} are allowed"
        yield Finding(source.path, FILE_LINES + 1, text)


def _function(path: str, node: Function, *, is_handler: bool) -> Iterator[Finding]:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    limit, kind = (HANDLER_LINES, "route handler") if is_handler else (FUNCTION_LINES, "function")
    if lines > limit:
        text = f"the {kind} {node.name} has {lines} lines; {limit} are allowed"
        yield Finding(path, node.lineno, text)


def _parameters(path: str, node: Function, *, is_method: bool) -> Iterator[Finding]:
    spec = node.args
    count = len(spec.posonlyargs) + len(spec.args) + len(spec.kwonlyargs)
    count += (spec.vararg is not None) + (spec.kwarg is not None)
    count -= is_method and not _decorated(node, "staticmethod")
    if count > PARAMETERS:
        text = f"the function {node.name} takes {count} parameters; {PARAMETERS} are allowed"
        yield Finding(path, node.lineno, text)


def _functions(module: ast.Module) -> Iterator[tuple[Function, bool]]:
    for parent in ast.walk(module):
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, Function):
                yield node, isinstance(parent, ast.ClassDef)


def _decorated(node: Function, name: str) -> bool:
    return any(isinstance(item, ast.Name) and item.id == name for item in node.decorator_list)


def _handlers(source: Source) -> set[Function]:
    names = _litestar_names(source.tree)
    return {
        node
        for node, _ in _functions(source.tree)
        if any(_dotted(item) in names for item in node.decorator_list)
    }


def _litestar_names(module: ast.Module) -> set[str]:
    """What the route decorators are called in this module, whichever way they were imported."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and _is_litestar(node.module):
            bound = {alias.asname or alias.name: alias.name for alias in node.names}
            names |= {name for name, original in bound.items() if original in ROUTES}
            names |= {f"{name}.{route}" for name in bound for route in ROUTES}
        elif isinstance(node, ast.Import):
            modules = (
                alias.asname or alias.name for alias in node.names if _is_litestar(alias.name)
            )
            names |= {f"{name}.{route}" for name in modules for route in ROUTES}
    return names


def _is_litestar(module: str | None) -> bool:
    return module is not None and module.split(".")[0] == "litestar"


def _dotted(node: ast.expr) -> str:
    """`litestar.get` of `@litestar.get("/x")`."""
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)
