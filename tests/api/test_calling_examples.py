"""Every command of docs/calling.md, as a newcomer types it, against a Parley and a telephone."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.twilio_place import Place, place

DOCUMENT = Path(__file__).parents[2] / "docs" / "calling.md"
COMMANDS = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
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


class Shell:
    """In a folder of its own. What curl does not say of itself is that the server refused."""

    def __init__(self, folder: Path, url: str, admin_token: str) -> None:
        self._folder = folder
        self._url = url
        self.named = {"ADMIN_TOKEN": admin_token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        self.agent_id = ""

    async def run(self, command: str) -> str:
        command = command.replace("http://localhost:9000", self._url)
        command = command.replace("8a4f...", self.agent_id)
        command = command.replace("curl ", "curl -sS --fail-with-body --noproxy '*' ")
        done = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-ec", command],
            cwd=self._folder,
            env=self.named,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def note(self, answer: Mapping[str, Any]) -> None:
        """What later commands name."""
        if "organization" in answer:
            self.named["ORGANIZATION"] = answer["organization"]["id"]
        if "system_prompt" in answer:
            self.agent_id = answer["id"]
        if "call_sid" in answer:
            self.named["CALL"] = answer["id"]


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
    for command, documented in (pair for block in COMMANDS for pair in commands_of(block)):
        said = await shell.run(command)
        answer = json.loads(said) if said else None
        if documented is not None:
            assert is_as_documented(answer, documented), (answer, documented)
        if isinstance(answer, dict):
            shell.note(answer)
    record = json.loads((tmp_path / "call.json").read_text())
    assert (record["id"], record["status"]) == (shell.named["CALL"], "queued")
    (call,) = here.twilio.calls.values()
    async with asyncio.timeout(20):
        await call.changed.wait()


def commands_of(block: str) -> Iterator[tuple[str, Any]]:
    """Each with the answer that a comment beneath it shows."""
    command: list[str] = []
    for line in [*block.splitlines(), "curl"]:
        if line.startswith("curl") and command:
            told = [each for each in command if each.startswith("# ")]
            shown = re.sub(r"^# (\d+ )?", "", told[0]) if told else None
            typed = "\n".join(each for each in command if not each.startswith("# "))
            yield typed, json.loads(shown) if shown else None
            command = []
        command.append(line)


def is_as_documented(answer: Any, documented: Any) -> bool:
    """`...` ends what differs from one time to another."""
    if isinstance(documented, str) and documented.endswith("..."):
        return isinstance(answer, str) and answer.startswith(documented[:-3].replace("8a4f", ""))
    if isinstance(documented, dict):
        return answer.keys() == documented.keys() and all(
            is_as_documented(answer[name], shown) for name, shown in documented.items()
        )
    if isinstance(documented, list):
        return len(answer) == len(documented) and all(
            is_as_documented(one, shown) for one, shown in zip(answer, documented, strict=True)
        )
    return bool(answer == documented)
