"""One thing that is said: answered, obeyed, remembered."""

import httpx
import pytest

from tests.api.agent.conftest import LABEL, Parley
from tests.fakes.openai_api import COMPLETION_TOKENS, PROMPT_TOKENS, Reply

pytestmark = pytest.mark.asyncio(loop_scope="package")

URL = "/agent/process"
MEETINGS = "What meetings do I have today?"


@pytest.mark.inventory("WH-287", "WH-288", "WH-289", "WH-290", "WH-291", "WH-300")
@pytest.mark.inventory("WH-292", "WH-293", "WH-294")
async def test_the_example_of_the_documents_runs_as_printed(parley: Parley) -> None:
    parley.model.replies = [Reply("None that I know of.")]
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.post(
            f"{parley.dev_url}/process",
            headers={"Content-Type": "application/json", "X-Device-Id": "user-1"},
            json={"transcript": MEETINGS, "user_id": "user-1", "language": "en"},
        )
    assert answer.json() == {
        "mode": "answer",
        "processed_text": "None that I know of.",
        "is_command": False,
        "command": None,
        "model": LABEL,
        "finish_reason": "end",
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS},
        "earlier": 0,
        "provider_switches": [],
    }
    assert parley.told[-1] == {"role": "user", "content": MEETINGS}
    assert "tag en." in parley.told[0]["content"]
