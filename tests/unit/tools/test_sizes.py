"""The size limits, each at its boundary: the last size allowed passes, one more is named."""

import pytest

from tests.unit.tools.conftest import MakeTree
from tools.checks import sizes


def function(lines: int, head: str = "def f():") -> str:
    return "\n".join([head, *["    x = 1"] * (lines - 1)]) + "\n"


def handler(lines: int, imports: str, decorator: str) -> str:
    return f"{imports}\n\n{decorator}\n{function(lines, 'async def show():')}"


@pytest.mark.parametrize("ending", ["\n", ""])
def test_a_file_of_400_lines_passes_and_one_of_401_does_not(
    make_tree: MakeTree, ending: str
) -> None:
    files = {f"app/m{lines}.py": "\n".join(["x = 1"] * lines) + ending for lines in (400, 401)}
    found = list(sizes.check(make_tree(files)))
    assert [(item.path, item.line) for item in found] == [("app/m401.py", 401)]


@pytest.mark.parametrize("head", ["def f():", "async def f():"])
def test_a_function_of_50_lines_passes_and_one_of_51_does_not(
    make_tree: MakeTree, head: str
) -> None:
    files = {"tools/m50.py": function(50, head), "tools/m51.py": function(51, head)}
    assert [str(item) for item in sizes.check(make_tree(files))] == [
        "tools/m51.py:1: the function f has 51 lines; 50 are allowed"
    ]


def test_a_method_is_as_long_as_a_function(make_tree: MakeTree) -> None:
    method = "".join(f"    {line}\n" for line in function(51).splitlines())
    found = list(sizes.check(make_tree({"app/m.py": f"class C:\n{method}"})))
    assert [item.line for item in found] == [2]


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("def f(a, b, c, d, e, f, g): ...", True),
        ("def f(a, b, c, d, e, f, g, h): ...", False),
        ("def f(a, b, /, c, d, *, e, f, g): ...", True),
        ("def f(a, b, /, c, d, *, e, f, g, h): ...", False),
        ("def f(a, b, c, d, e, *f, **g): ...", True),
        ("def f(a, b, c, d, e, f, *g, **h): ...", False),
        ("class C:\n    def f(self, a, b, c, d, e, f, g): ...", True),
        ("class C:\n    def f(self, a, b, c, d, e, f, g, h): ...", False),
        ("class C:\n    @staticmethod\n    def f(a, b, c, d, e, f, g): ...", True),
        ("class C:\n    @staticmethod\n    def f(a, b, c, d, e, f, g, h): ...", False),
    ],
)
def test_seven_parameters_pass_and_eight_do_not(
    make_tree: MakeTree, code: str, allowed: bool
) -> None:
    assert (not list(sizes.check(make_tree({"app/m.py": code})))) is allowed


@pytest.mark.parametrize("route", sorted(sizes.ROUTES))
@pytest.mark.parametrize("package", ["app/api/v1", "app/admin"])
def test_a_handler_of_25_lines_passes_and_one_of_26_does_not(
    make_tree: MakeTree, package: str, route: str
) -> None:
    imports, decorator = f"from litestar import {route}", f'@{route}("/calls")'
    files = {f"{package}/m{n}.py": handler(n, imports, decorator) for n in (25, 26)}
    assert [str(item) for item in sizes.check(make_tree(files))] == [
        f"{package}/m26.py:4: the route handler show has 26 lines; 25 are allowed"
    ]


@pytest.mark.parametrize(
    ("imports", "decorator"),
    [
        ("from litestar import get as read", '@read("/")'),
        ("from litestar.handlers import get", "@get"),
        ("import litestar", '@litestar.get("/")'),
        ("import litestar as web", '@web.get("/")'),
        ("import litestar.handlers", '@litestar.handlers.get("/")'),
        ("from litestar import handlers", '@handlers.get("/")'),
    ],
)
def test_a_handler_is_known_by_any_spelling_of_its_decorator(
    make_tree: MakeTree, imports: str, decorator: str
) -> None:
    assert list(sizes.check(make_tree({"app/api/m.py": handler(26, imports, decorator)})))


@pytest.mark.parametrize(
    ("path", "imports"),
    [
        ("app/api/m.py", "from somewhere import get"),
        ("app/core/m.py", "from litestar import get"),
    ],
)
def test_what_is_no_route_handler_may_be_as_long_as_a_function(
    make_tree: MakeTree, path: str, imports: str
) -> None:
    assert not list(sizes.check(make_tree({path: handler(50, imports, '@get("/")')})))
