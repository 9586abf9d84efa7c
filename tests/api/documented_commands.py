"""Commands of the documents, as a newcomer types them."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parents[2] / "docs"


class Shell:
    """In a folder of its own. What curl does not say of itself is that the server refused.
    `stands_for`: what a document writes for names that differ from one time to another."""

    def __init__(self, folder: Path, url: str, admin_token: str) -> None:
        self._folder = folder
        self._url = url
        self.named = {"ADMIN_TOKEN": admin_token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        self.stands_for: dict[str, str] = {}

    async def run(self, command: str) -> str:
        command = command.replace("http://localhost:9000", self._url)
        for written, meant in self.stands_for.items():
            command = command.replace(written, meant)
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


def commands_in(document: str) -> list[tuple[str, Any]]:
    """Each with the answer that a comment beneath it shows."""
    text = (DOCUMENTS / document).read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [pair for block in blocks for pair in _commands_of(block)]


def _commands_of(block: str) -> Iterator[tuple[str, Any]]:
    command: list[str] = []
    for line in [*block.splitlines(), "curl"]:
        if line.startswith("curl") and command:
            told = [each for each in command if each.startswith("# ")]
            shown = re.sub(r"^# (\d+ )?", "", told[0]) if told else None
            typed = "\n".join(each for each in command if not each.startswith("# "))
            yield typed, json.loads(shown) if shown else None
            command = []
        command.append(line)


def is_as_documented(answer: Any, documented: Any, stands_for: Mapping[str, str]) -> bool:
    """`...` ends what differs from one time to another."""
    if isinstance(documented, str) and documented.endswith("..."):
        begins = documented[:-3]
        for written in stands_for:
            begins = begins.replace(written.removesuffix("..."), "")
        return isinstance(answer, str) and answer.startswith(begins)
    if isinstance(documented, dict):
        return answer.keys() == documented.keys() and all(
            is_as_documented(answer[name], shown, stands_for) for name, shown in documented.items()
        )
    if isinstance(documented, list):
        return len(answer) == len(documented) and all(
            is_as_documented(one, shown, stands_for)
            for one, shown in zip(answer, documented, strict=True)
        )
    return bool(answer == documented)
