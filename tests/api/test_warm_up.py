"""What is loaded before anybody asks for it."""

import asyncio
from pathlib import Path

import pytest

from app.runtime import Runtime
from tests.api.wired import wired


def is_loaded(runtime: Runtime) -> bool:
    return any(model.id == "kokoro" and model.loaded for model in runtime.models.snapshot().models)


async def settled(runtime: Runtime) -> None:
    """Until nothing has been leased for a while."""
    quiet = 0
    for _ in range(1000):
        leased = any(model.leases for model in runtime.models.snapshot().models)
        quiet = 0 if leased else quiet + 1
        if quiet == 20:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("a model is used without end")


async def test_what_speaks_is_there_before_the_first_caller(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with wired(embedded_superuser_url, tmp_path, PARLEY_WARM_UP="true") as parley:
        await settled(parley.runtime)
        assert is_loaded(parley.runtime)
        speaking = parley.runtime.speaking
        # Nobody asked for it: neither the pace nor the counters know of it.
        assert speaking.metrics.characters.collect()[0].samples[0].value == 0


@pytest.mark.parametrize("setting", [{"PARLEY_WARM_UP": "false"}, {"PARLEY_MODEL_MEMORY_MB": "16"}])
async def test_nothing_is_loaded_where_the_settings_do_not_have_it(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, setting: dict[str, str]
) -> None:
    async with wired(
        embedded_superuser_url, tmp_path, **{"PARLEY_WARM_UP": "true"} | setting
    ) as parley:
        await settled(parley.runtime)
        assert not is_loaded(parley.runtime)
        async with parley.client() as client:
            assert (await client.get("/ready")).status_code == 200
