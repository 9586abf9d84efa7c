"""Names, docstrings, the environment, private stores, and what must not be left in a file."""

import pytest

from tests.unit.tools.conftest import MakeTree
from tools.checks import environment, names, stores, strays
from tools.checks.strays import OPEN_ENDS, PUBLIC_HOSTS

DOC = '"""A module."""\n'


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "call_manager", "Utils"])
def test_a_name_that_says_nothing_is_refused(make_tree: MakeTree, name: str) -> None:
    tree = make_tree({f"app/asr/{name}.py": DOC, f"app/{name}/text.py": DOC})
    assert len(list(names.check(tree))) == 2


def test_a_name_that_only_contains_such_a_word_is_let_through(make_tree: MakeTree) -> None:
    assert not list(names.check(make_tree({"app/asr/commonvoice.py": DOC, "app/managed.py": DOC})))


@pytest.mark.parametrize(
    ("text", "allowed"),
    [(DOC, True), ("", True), ("import json\n", False), (f"import json\n{DOC}", False)],
)
def test_a_module_with_anything_in_it_has_a_docstring(
    make_tree: MakeTree, text: str, allowed: bool
) -> None:
    assert (not list(names.check(make_tree({"app/m.py": text})))) is allowed


READS = [
    "import os\nx = os.environ['A']",
    "import os\nx = os.getenv('A')",
    "import os as system\nx = system.environb",
    "from os import environ as surroundings",
    "from os import getenv",
    "from os import *",
    "import posix\nx = posix.environ",
    "from posix import environ",
    "import os\nx = getattr(os, 'environ')",
    "import os\nx = vars(os)['environ']",
    "x = __import__('os').getenv('A')",
    "import os.path\nx = os.path.expandvars('$A')",
    "from os.path import expandvars",
    "def late():\n    import os\n    return os.environ",
]


@pytest.mark.parametrize("code", READS)
def test_the_environment_is_read_in_one_module_only(make_tree: MakeTree, code: str) -> None:
    tree = make_tree({"app/core/settings.py": code, "app/core/db.py": code, "tools/x.py": code})
    assert {item.path for item in environment.check(tree)} == {"app/core/db.py"}


def test_environments_handed_in_are_let_through(make_tree: MakeTree) -> None:
    code = "import os\n\n\ndef f(environ):\n    return environ['A'], os.path.join('a', 'b')"
    assert not list(environment.check(make_tree({"app/m.py": code})))


def test_a_store_without_a_contract_is_named(make_tree: MakeTree) -> None:
    contracts = '[[tool.importlinter.contracts]]\nprotected_modules = ["app.asr.store", "{}"]\n'
    files = {"app/asr/store.py": DOC, "app/tts/store/__init__.py": DOC, "app/tts/tables.py": DOC}
    bare = make_tree({**files, "pyproject.toml": contracts.format("app.other.store")})
    assert [item.path for item in stores.check(bare)] == ["app/tts/store/__init__.py"]
    kept = make_tree({**files, "pyproject.toml": contracts.format("*.tts.store")})
    assert not list(stores.check(kept))


@pytest.mark.parametrize("host", PUBLIC_HOSTS)
def test_a_registry_host_is_found_wherever_it_stands(make_tree: MakeTree, host: str) -> None:
    tree = make_tree({"README.md": f"One\nfrom https://{host}/simple and on\n", "x.toml": host})
    found = list(strays.check(tree))
    assert [(item.path, item.line) for item in found] == [("README.md", 2), ("x.toml", 1)]


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "npm_config_registry"])
def test_the_hosts_of_this_machine_are_found_and_their_passwords_not_said(
    make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "https://me:secret@mirror.example/simple")
    (found,) = strays.check(make_tree({"a.md": "see mirror.example, not mirror.example.net\n"}))
    assert str(found) == "a.md:1: the line names a package registry: mirror.example"


def test_hosts_of_the_client_configuration_are_found(
    make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = make_tree(
        {
            "home/.npmrc": "# https://docs.example\nregistry=https://npm.example/\n",
            "src/a.md": "npm.example and docs.example",
        }
    )
    monkeypatch.setenv("HOME", str(tree.root / "home"))
    found = {item.path: item for item in strays.check(tree)}
    assert "npm.example" in found["src/a.md"].text


def test_a_path_of_this_machine_is_found(
    make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/somebody")
    tree = make_tree({"ok.md": "/data/models, /opt/parley, a/somebody/else, /somebody\n"})
    assert not list(strays.check(tree))
    tree = make_tree({"a.md": f"\nsee {tree.root}\n", "b.md": "in /somebody/notes.txt\n"})
    assert [(item.path, item.line) for item in strays.check(tree)] == [("a.md", 2), ("b.md", 1)]


@pytest.mark.parametrize("word", OPEN_ENDS)
def test_an_open_end_is_found_but_not_in_what_a_bundler_wrote(
    make_tree: MakeTree, word: str
) -> None:
    files = {"a.py": f"{DOC}x = 1  # {word}: later\n", "b.js": f"{'x' * 2000} /* {word} */\n"}
    assert [(item.path, item.line) for item in strays.check(make_tree(files))] == [("a.py", 2)]
    assert not list(strays.check(make_tree({"a.py": f"{word}S = '{word.lower()}'\n"})))
