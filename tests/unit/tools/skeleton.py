"""A throw-away `app` package with one file a rule, that keeps every import contract."""

from pathlib import Path

STORES = (
    "tenancy",
    "webhooks",
    "asr",
    "tts",
    "llm",
    "vision",
    "calls.agents",
    "calls.flows",
    "calls.customers",
    "calls.telephony",
    "calls.sessions",
    "calls.campaigns",
)
ENGINES = ("asr", "tts", "vision")
FAMILIES = ("gateway", "voice", "v1", "session", "compat", "callbacks")

MODULES: dict[str, str] = {
    "core.db": "import sqlalchemy",
    "core.jobs": "import procrastinate\nimport alembic",
    "inference.registry": "import onnxruntime\nimport app.core.db",
    "llm.providers": "import app.inference.registry",
    "realtime.session": "import app.inference.registry_types",
    "inference.registry_types": "",
    "calls.events": "",
    "calls.telephony.numbers": "import app.calls.events",
    "runtime": "import app.calls.sessions.service\nimport app.realtime.session",
    "admin": "import litestar\nimport app.runtime",
    "tables": "\n".join(f"import app.{name}.store" for name in STORES),
    "wiring": "import litestar\nimport app.runtime",
    "main": "import litestar\nimport app.wiring\nimport app.api.gateway",
    "server": "import uvicorn",
    "bench": "import litestar\nimport uvicorn\nimport app.main",
    "cli": "import app.bench\nimport app.server",
    **{f"{name}.store": "import sqlalchemy\nimport app.core.db" for name in STORES},
    **{f"{name}.service": f"import app.{name}.store" for name in STORES},
    **{f"{name}.engines.first": "import app.inference.registry" for name in ENGINES},
    **{f"{name}.engines.second": "" for name in ENGINES},
    **{f"api.{name}": "import litestar\nimport app.runtime" for name in FAMILIES},
}


def build(root: Path) -> None:
    for name, text in MODULES.items():
        write(root, name, text)


def write(root: Path, module: str, text: str) -> None:
    """Append to a module of `app`, which comes to be with the packages above it."""
    path = root.joinpath("app", *module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    for package in (path.parent, *path.parent.parents):
        if package == root:
            break
        (package / "__init__.py").touch()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")
