"""Every store has an import contract that keeps it private. import-linter judges the contracts."""

import tomllib
from collections.abc import Iterator

from tools.tree import Finding, Tree

CONFIG = "pyproject.toml"


def check(tree: Tree) -> Iterator[Finding]:
    config = tomllib.loads(tree.files.get(CONFIG, ""))
    contracts = config.get("tool", {}).get("importlinter", {}).get("contracts", [])
    protected = {
        module.replace("*.", "app.", 1)
        for contract in contracts
        for module in contract.get("protected_modules", [])
    }
    for source in tree.sources_in("app"):
        module = source.path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        if module.endswith(".store") and module not in protected:
            text = f"no contract in {CONFIG} keeps {module} private"
            yield Finding(source.path, 1, text)
