"""Each banned call, and each rule that ruff watches for us, is caught with our configuration."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[3] / "pyproject.toml"

SOUND = '''"""A module that keeps every rule."""

from pathlib import Path


def size(path: Path) -> int:
    return path.stat().st_size
'''


def banned_names() -> list[str]:
    lint = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    return sorted(lint["flake8-tidy-imports"]["banned-api"])


def spellings(name: str) -> list[str]:
    """`os.environ` as ruff may meet it: through the module, and taken out of it."""
    module, _, attribute = name.rpartition(".")
    if not module:
        return [f"import {name}", f"from {name} import loads"]
    top, rest = name.split(".", 1)
    return [
        f"from {module} import {attribute}",
        f"import {top}\n\nvalue = {name}",
        f"import {top} as other\n\nvalue = other.{rest}",
    ]


# What the design asks for by family of rules: one snippet that breaks it.
RULES = {
    "PLC0415": "def late() -> None:\n    import json\n\n    json.dumps(1)",
    "TID252": "from . import sibling",
    "ANN001": "def size(path) -> int:\n    return len(path)",
    "ANN201": "def size(path: str):\n    return len(path)",
    "ASYNC230": "async def read() -> str:\n    with open('x') as file:\n        return file.read()",
    "ASYNC221": "import subprocess\n\n\nasync def run() -> None:\n    subprocess.run(['x'])",
    "BLE001": "try:\n    value = int('1')\nexcept Exception:\n    value = 0",
    "DTZ005": "from datetime import datetime\n\nnow = datetime.now()",
    "DTZ001": "from datetime import datetime\n\nepoch = datetime(1970, 1, 1)",
    "ERA001": "# value = 1",
    "PGH003": "value: int = 'x'  # type: ignore",
    "S307": "value = eval('1')",
    "S602": "import subprocess\n\nsubprocess.run('x $HOME', shell=True, check=True)",
    "T201": "print('x')",
}
CASES = [
    *(("TID251", text) for name in banned_names() for text in spellings(name)),
    *RULES.items(),
]


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that each case breaks, as one run of ruff over all of them says."""
    root = tmp_path_factory.mktemp("bans") / "app" / "asr"
    root.mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "sound.py").write_text(SOUND)
    for number, (_, text) in enumerate(CASES):
        (root / f"case_{number}.py").write_text(f'"""A module."""\n\n{text}\n')
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(CONFIG)]
    done = subprocess.run(
        [*ruff, "--output-format", "json", str(root)], capture_output=True, text=True
    )
    rules: dict[str, set[str]] = {path.stem: set() for path in root.iterdir()}
    for entry in json.loads(done.stdout):
        rules[Path(entry["filename"]).stem].add(entry["code"])
    return rules


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c} {t}"[:70] for c, t in CASES])
def test_a_banned_spelling_is_caught(caught: dict[str, set[str]], number: int) -> None:
    assert CASES[number][0] in caught[f"case_{number}"]


def test_a_sound_module_is_let_through(caught: dict[str, set[str]]) -> None:
    assert caught["sound"] == set()


def test_the_calls_that_the_design_bans_are_on_the_list() -> None:
    banned = {"os.environ", "asyncio.create_task", "sqlalchemy.text", "datetime.datetime.now"}
    assert banned <= set(banned_names())
