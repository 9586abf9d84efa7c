"""The tree drawn in app/core/errors.py against its classes."""

import pytest

from tests.unit.tools.conftest import MakeTree
from tools.checks import error_tree

SOUND = '''"""The error tree.

AppError
├── NotFound          404  no such thing
│   └── RowNotFound
└── Conflict          409  clashes; `details["x"]` says 500 things
"""


class AppError(Exception):
    status: int


class NotFound(AppError):
    code, status = "not_found", 404


class RowNotFound(NotFound):
    """Narrower."""


class Conflict(AppError):
    status = 409
'''


def test_a_drawing_that_is_true_passes(make_tree: MakeTree) -> None:
    assert not list(error_tree.check(make_tree({error_tree.PATH: SOUND})))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("409\n", "410\n", "draws Conflict(AppError) 409, the code has Conflict(AppError) 410"),
        ("class RowNotFound(NotFound)", "class RowNotFound(AppError)", "has RowNotFound(AppError)"),
        ("class Conflict(AppError)", "class Clash(AppError)", "draws no Clash, the code has Clash"),
        ("│   └── RowNotFound\n", "", "draws no RowNotFound"),
        ("└── Conflict ", "├── Gone      410\n└── Conflict ", "the code has no Gone"),
        ("│   └── RowNotFound", "├── RowNotFound", "draws RowNotFound(AppError), the code has"),
    ],
)
def test_a_drawing_that_is_not_is_named(
    make_tree: MakeTree, old: str, new: str, sentence: str
) -> None:
    assert old in SOUND
    found = list(error_tree.check(make_tree({error_tree.PATH: SOUND.replace(old, new)})))
    assert any(sentence in item.text for item in found)
