"""The security page names tests that exist."""

from tests.unit.tools.conftest import MakeTree
from tools.checks import security

PAGE = "docs/security.md"
TEST = '"""Sessions."""\n\n\nasync def test_a_session_ends() -> None: ...\n'


def test_a_test_that_is_gone_is_found(make_tree: MakeTree) -> None:
    page = "| 7.3 | ends | `test_a_session_ends` |\n| 7.4 | stays | `test_it_was_renamed` |\n"
    tree = make_tree({PAGE: page, "tests/test_sessions.py": TEST})
    found = list(security.check(tree))
    assert [(finding.path, finding.line) for finding in found] == [(PAGE, 2)]
    assert "test_it_was_renamed" in found[0].text


def test_what_is_there_is_let_through(make_tree: MakeTree) -> None:
    tree = make_tree({PAGE: "`test_a_session_ends`", "tests/test_sessions.py": TEST})
    assert not list(security.check(tree))
