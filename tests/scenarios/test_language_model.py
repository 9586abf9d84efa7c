"""An operator chooses a language model, and forgets its key."""

from pathlib import Path

import httpx
import pytest

from tests.scenarios.operator import command, serving

CHOSEN = {
    "LLM_PROVIDER": "claude",
    "ANTHROPIC_API_KEY": "",
    "PARLEY_LLM_FAILOVER": "local",
    "LOCAL_LLM_MODEL": "qwen3",
}
MISSING = "Claude was chosen to answer, and ANTHROPIC_API_KEY is not set"


@pytest.mark.inventory("WH-349", "WH-350", "WH-351")
def test_the_doctor_names_who_is_asked_and_what_is_missing(tmp_path: Path) -> None:
    status, told = command("doctor", env=CHOSEN | {"PARLEY_DATA_DIR": str(tmp_path)})
    assert status == 0
    facts = [line.split(maxsplit=2)[2] for line in told.splitlines() if line.startswith("language")]
    assert facts == ["claude claude-sonnet-4-6, then local qwen3", MISSING]


def test_parley_starts_all_the_same_and_shows_whether_models_answer(tmp_path: Path) -> None:
    with serving(tmp_path, env=CHOSEN) as running:
        shown = httpx.get(
            f"{running.url}/metrics", headers={"authorization": f"Bearer {running.token}"}
        )
        assert 'parley_llm_breaker_open{provider="local"} 0.0' in shown.text
        assert running.stop() == 0
