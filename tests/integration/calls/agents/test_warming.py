"""What an agent says unasked is spoken before anybody waits for it, by the real voice."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest

from app.calls.agents.warming import WARM
from app.core.scope import OrgScope
from app.runtime import Runtime
from tests.api.wall.world import world

GREETING = "Hello there. How can I help?"


def found(runtime: Runtime) -> float:
    """How many phrases were at hand when they were asked for."""
    return runtime.speaking.metrics.phrases.labels("yes")._value.get()


async def is_warming(database_url: str) -> bool:
    """What was cut short when a process stopped stays in the table, and is over."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        found = await connection.execute(
            "SELECT 1 FROM procrastinate_jobs"
            " WHERE task_name = %s AND status IN ('todo', 'doing') LIMIT 1",
            (WARM.name,),
        )
        return await found.fetchone() is not None


@pytest.mark.timeout(300)
async def test_a_greeting_is_at_hand_soon_after_it_was_saved(
    own_database_url: str, tmp_path: Path
) -> None:
    async with world(own_database_url, tmp_path, PARLEY_PHRASE_CACHE_MB="64") as parley:
        runtime = parley.runtime
        organization = await runtime.organizations.create(f"Bank {tmp_path}", actor="test")
        scope = OrgScope(organization.id, "test")
        agent = await runtime.calling.agents.create(scope, {"name": "A", "greeting": GREETING})
        while await is_warming(own_database_url):  # noqa: ASYNC110 - a job's
            await asyncio.sleep(0.05)
        manner = await runtime.calling.agents.voices.manner(scope, agent.settings)
        before = found(runtime)
        for sentence in ("Hello there.", "How can I help?", "Are you still there?"):
            speech = runtime.speaking.speak(sentence, manner, owner=scope.org_id)
            async with aclosing(speech) as chunks:
                assert [chunk async for chunk in chunks]
        assert found(runtime) - before == 3
