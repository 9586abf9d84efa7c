"""What is loaded before anybody asks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.runtime import Runtime
from app.wiring import calls, speaking
from tests.api.wired import wired


def loaded(runtime: Runtime) -> set[str]:
    return {model.id for model in runtime.models.snapshot().models if model.loaded}


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


@pytest.fixture
def may_begin(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Until it is set nothing is warmed up."""
    may_begin = asyncio.Event()

    def held(warm_up: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def warm_up_then(*given: Any) -> None:
            await may_begin.wait()
            await warm_up(*given)

        return warm_up_then

    for wiring in (calls, speaking):
        monkeypatch.setattr(wiring, "_warm_up", held(wiring._warm_up))
    return may_begin


async def test_what_speaks_is_there_before_the_first_caller(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, may_begin: asyncio.Event
) -> None:
    asked = {"PARLEY_WARM_UP": "true", "PARLEY_PHRASE_CACHE_MB": "0"}
    async with wired(embedded_superuser_url, tmp_path, **asked) as parley:
        async with parley.client() as client:
            early = await client.get("/ready")
            assert early.status_code == 503
            assert "hearing warm-up, speech warm-up" in early.text
            may_begin.set()
            parley.runtime.calling.calls.admit()
            async with asyncio.timeout(60):
                while (await client.get("/ready")).status_code != 200:
                    pass
        assert "kokoro" in loaded(parley.runtime)
        assert any(name.startswith("whisper") for name in loaded(parley.runtime))
        # Nobody asked for it: neither the pace nor the counters know of it.
        assert parley.runtime.speaking.metrics.characters.collect()[0].samples[0].value == 0


@pytest.mark.parametrize("setting", [{"PARLEY_WARM_UP": "false"}, {"PARLEY_MODEL_MEMORY_MB": "16"}])
async def test_nothing_is_loaded_where_the_settings_do_not_have_it(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, setting: dict[str, str]
) -> None:
    async with wired(
        embedded_superuser_url, tmp_path, **{"PARLEY_WARM_UP": "true"} | setting
    ) as parley:
        await settled(parley.runtime)
        assert "kokoro" not in loaded(parley.runtime)
        async with parley.client() as client:
            assert (await client.get("/ready")).status_code == 200
