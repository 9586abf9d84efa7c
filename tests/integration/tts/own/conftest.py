"""What organizations add to speaking, on a real database."""

from collections.abc import AsyncGenerator

import pytest

from app.core.db import Database
from tests.integration.tenancy.opened import OLD_KEY, Tenancy, opened


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy
