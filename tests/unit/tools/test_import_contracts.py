"""Each import contract of pyproject.toml holds on a sound tree and breaks by its own violation."""

import sys
import tomllib
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

from tests.unit.tools import skeleton

CONFIG = Path(__file__).parents[3] / "pyproject.toml"

LAYERS = "1 Layers of the monolith"
INSIDE_CALLS = "2 Layers inside calls"
FAMILIES = "3 API families do not know each other"
WEB = "4 The web framework stays in the adapters"
SQL = "5 SQLAlchemy only in core and stores"
DOORS = "6 Adapters go through services, never stores or engines"
ONNX = "7 onnxruntime only behind the registry"
CYCLES = "8 No cycles anywhere"
REAL_TIME = "10 The real-time engine never reaches the database"
EDGES = "11 The server, the job engine and migrations stay at the edges"

# contract, the module that breaks it, how
VIOLATIONS = [
    (LAYERS, "tenancy.domain", "import app.llm.service"),
    (LAYERS, "tts.domain", "from app.asr import service"),
    (LAYERS, "realtime.stages.speak", "import app.calls.events"),
    (LAYERS, "main", "import app.server"),
    (LAYERS, "server", "import app.bench"),
    (LAYERS, "notifications.service", ""),
    (INSIDE_CALLS, "calls.events", "import app.calls.customers.service"),
    (INSIDE_CALLS, "calls.flows.domain", "import app.calls.customers.service"),
    (INSIDE_CALLS, "calls.recordings", ""),
    (FAMILIES, "api.voice", "from app.api import v1"),
    (FAMILIES, "api.callbacks", "import app.api.compat"),
    (WEB, "asr.service", "from litestar.exceptions import HTTPException"),
    (WEB, "core.http", "import litestar"),
    (WEB, "runtime", "import litestar.types"),
    (SQL, "calls.agents.service", "from sqlalchemy import select"),
    (SQL, "wiring", "import sqlalchemy.orm"),
    (DOORS, "api.session", "from app.vision.engines import second"),
    (DOORS, "admin", "import app.tts.engines.second"),
    (ONNX, "asr.engines.second", "import onnxruntime"),
    (ONNX, "bench", "from onnxruntime import InferenceSession"),
    *[
        (f"9 {name}.store is private", "wiring", f"import app.{name}.store")
        for name in skeleton.STORES
    ],
    (REAL_TIME, "realtime.turn", "import app.core.db"),
    (REAL_TIME, "realtime.stages.listen", "from app.asr import service"),
    (REAL_TIME, "inference.registry_types", "from app.core import db"),
    (EDGES, "tenancy.service", "import uvicorn"),
    (EDGES, "webhooks.service", "from procrastinate import App"),
    (EDGES, "tables", "import alembic"),
]


def contract_names() -> list[str]:
    contracts = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["tool"]["importlinter"]
    return [contract["name"] for contract in contracts["contracts"]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound skeleton which, for the linter, is `app`."""
    skeleton.build(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "app", raising=False)
    return tmp_path


def broken_contracts() -> list[str]:
    configuration.configure()
    options = use_cases.read_user_options(str(CONFIG))
    use_cases._register_contract_types(options)
    report = use_cases.create_report(options, cache_dir=None)
    assert not report.could_not_run
    return [item.name for item, check in report.get_contracts_and_checks() if not check.kept]


def test_a_sound_tree_keeps_every_contract(root: Path) -> None:
    assert broken_contracts() == []


@pytest.mark.parametrize(("contract", "module", "text"), VIOLATIONS)
def test_a_violation_breaks_its_contract_and_no_other(
    root: Path, contract: str, module: str, text: str
) -> None:
    skeleton.write(root, module, text)
    assert broken_contracts() == [contract]


def test_a_cycle_inside_a_package_is_caught(root: Path) -> None:
    skeleton.write(root, "vision.domain", "import app.vision.rules")
    skeleton.write(root, "vision.rules", "import app.vision.domain")
    assert broken_contracts() == [CYCLES]


def test_every_contract_has_a_violation_that_breaks_it() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} | {CYCLES} == set(contract_names())
