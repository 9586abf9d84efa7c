"""What an organization may use and what was done to it, at the operator's shell."""

import csv
import io
import json
import time
from pathlib import Path

from tests.scenarios.operator import command, serving


def test_a_quota_is_set_shown_and_taken_back(tmp_path: Path) -> None:
    env = {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_QUOTA_CONCURRENT_CALLS": "8"}
    with serving(tmp_path, env=env) as running:
        assert command("orgs", "create", "First Bank", env=env)[0] == 0
        for options, calls in (
            (("--concurrent-calls", "3"), "3  (its own)"),
            (("--concurrent-calls", "default"), "8  (default)"),
        ):
            status, said = command("orgs", "quota", "first-bank", *options, env=env)
            assert status == 0, said
            shown = dict(line.split(maxsplit=1) for line in said.splitlines() if "  (" in line)
            assert shown["concurrent_calls"] == calls
            assert shown["concurrent_streams"] == "no limit  (default)"
        status, said = command("orgs", "quota", "first-bank", "--concurrent-calls", "-1", env=env)
        assert (status, "Traceback" in said) == (2, False)
        _check_the_log(env)
        assert running.stop() == 0


def _check_the_log(env: dict[str, str]) -> None:
    give_up_at = time.monotonic() + 60
    actions: list[str] = []
    while actions.count("QuotaChanged") < 2:
        assert time.monotonic() < give_up_at
        _, said = command("orgs", "audit", "first-bank", "--format", "jsonl", env=env)
        entries = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        actions = [entry["action"] for entry in entries]
    assert entries[0]["action"] == "OrganizationCreated"
    times = [entry["at"] for entry in entries]
    assert times == sorted(times)
    _, said = command("orgs", "audit", "first-bank", "--format", "csv", env=env)
    table = said[said.index("at,action") :]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["actor"] for row in rows} == {"operator"}
