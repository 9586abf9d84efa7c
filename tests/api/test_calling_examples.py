"""Every command of docs/calling.md, as a newcomer types it, against a Parley and a telephone."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.documented_commands import Shell, commands_in, is_as_documented
from tests.api.twilio_place import Place, place

AGENT_ID = "8a4f..."
CONTACTS = (
    "Mobile,Who,Shop\n"
    "+14155550001,Jane,Berlin\n"
    "+14155550002,Karl,Bonn\n"
    "+14155550001,Jane Smith,Bremen\n"
    ",Nobody,Bern\n"
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None, reason="there is no curl on this machine"
)


def note(shell: Shell, answer: Mapping[str, Any]) -> None:
    """What later commands name."""
    if "organization" in answer:
        shell.named["ORGANIZATION"] = answer["organization"]["id"]
    if "system_prompt" in answer:
        shell.stands_for[AGENT_ID] = answer["id"]
    if "call_sid" in answer:
        shell.named["CALL"] = answer["id"]


@pytest.fixture
async def here(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with place(embedded_superuser_url, tmp_path / "data") as here:
        here.twilio.outcome = "queued"
        yield here


async def test_every_command_of_the_page_does_what_the_page_says(
    here: Place, tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    shell = Shell(tmp_path, here.parley.live.url, here.parley.live.token)
    for command, documented in commands_in("calling.md"):
        said = await shell.run(command)
        answer = json.loads(said) if said else None
        if documented is not None:
            assert is_as_documented(answer, documented, shell.stands_for), (answer, documented)
        if isinstance(answer, dict):
            note(shell, answer)
    record = json.loads((tmp_path / "call.json").read_text())
    assert (record["id"], record["status"]) == (shell.named["CALL"], "queued")
    (call,) = here.twilio.calls.values()
    async with asyncio.timeout(20):
        await call.changed.wait()
