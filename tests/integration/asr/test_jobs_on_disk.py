"""Sound that is kept or spilled lies under the data directory, for our own eyes."""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.aio import TaskScope
from tests.integration.asr.job_world import TINY, Bank, bank, speech

GONE = " (deleted)"


def nameless_files() -> set[Path]:
    """Those that this process has open and no directory lists: where they lie."""
    found: set[Path] = set()
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = str(opened.readlink())
            if target.endswith(GONE) and target.startswith("/") and "memfd:" not in target:
                found.add(Path(target.removesuffix(GONE)))
    return found


async def heard(ours: Bank) -> None:
    answer = await ours.client.post(
        "/asr/transcribe",
        files={"file": ("a.wav", speech(60))},
        data=TINY | {"gain_normalize": "true"},
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.timeout(120)
async def test_all_that_is_spilled_lies_where_encryption_is_looked_for(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        before, seen = nameless_files(), set[Path]()
        async with TaskScope() as scope:
            request = scope.spawn("request", heard(ours))
            while not request.done():
                seen |= nameless_files() - before
                await asyncio.sleep(0.005)
        assert len(seen) >= 2
        assert {path.parent for path in seen} == {tmp_path / "tmp"}
        assert nameless_files() <= before
        assert list((tmp_path / "tmp").iterdir()) == []


async def test_what_waits_is_readable_by_us_alone(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        job_id = await ours.queue(speech(30))
        (upload,) = ours.uploads
        assert upload.name == job_id
        assert stat.S_IMODE(upload.stat().st_mode) == 0o600
        for folder in (upload.parent, tmp_path / "tmp"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (await ours.until_over(job_id))["status"] == "done"
        assert ours.uploads == []
