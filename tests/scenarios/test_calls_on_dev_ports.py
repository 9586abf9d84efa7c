"""A call from a browser on the port of the documents, where nobody is asked for a token."""

import time
from pathlib import Path

import httpx
import pytest

from tests.browser_peer import OFFER
from tests.scenarios.operator import serving

PORT = "http://127.0.0.1:8000"


@pytest.mark.inventory("WH-247", "WH-255")
def test_the_demonstration_answers_without_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, "--dev-ports") as running:
        keyed = {"Authorization": f"Bearer {running.token}"}
        [agent] = httpx.get(f"{running.url}/bot/api/agents", headers=keyed).json()
        offer = {"sdp": OFFER, "type": "offer", "agent_id": agent["id"]}
        assert httpx.post(f"{running.url}/bot/api/offer", json=offer).status_code == 401
        while (answer := httpx.post(f"{PORT}/api/offer", json=offer)).status_code == 503:
            time.sleep(1)  # the machine is busy with its start
        assert answer.status_code == 200, answer.text
        assert answer.json()["type"] == "answer"
        body = {"pc_id": answer.json()["pc_id"], "candidates": [{"candidate": ""}]}
        assert httpx.patch(f"{PORT}/api/offer", json=body).status_code == 200
