"""Sites: data directories of their own, with a host process that starts the server on them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.core.postgres.hosting import Site, site

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None,
    reason="needs setpriv, to leave root",
)


@pytest.fixture(
    params=[
        pytest.param(False, id="root", marks=needs_root),
        pytest.param(True, id="ordinary", marks=needs_setpriv),
    ]
)
def anyone(request: pytest.FixtureRequest) -> Iterator[Site]:
    with site(ordinary=request.param) as made:
        yield made


@pytest.fixture(params=[pytest.param(False, id="root", marks=needs_root)])
def as_root(request: pytest.FixtureRequest) -> Iterator[Site]:
    with site(ordinary=request.param) as made:
        yield made


@pytest.fixture(params=[pytest.param(True, id="ordinary", marks=needs_setpriv)])
def as_ordinary(request: pytest.FixtureRequest) -> Iterator[Site]:
    with site(ordinary=request.param) as made:
        yield made


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    """As whoever runs the tests; one server for a module that only looks at it."""
    with site(ordinary=os.geteuid() != 0) as made:
        made.host().serve()
        yield made


@pytest.fixture
def fresh_data_dir() -> Iterator[Path]:
    """A data directory for a server that the test itself starts."""
    with site(ordinary=os.geteuid() != 0) as made:
        yield made.data_dir
