"""Agents for the tests: dialogue graphs, which say what is written here and nothing else."""

import asyncio
from typing import Any

import httpx

GREETING = "Welcome to the museum."
ANSWER = "We are open every day except Monday."


def graph(*answers: str) -> dict[str, Any]:
    """One that gives these answers in turn, and the last of them again, whatever is said."""
    texts = (GREETING, *answers)
    names = [f"turn_{place}" for place in range(len(texts))]
    states: dict[str, Any] = {
        name: {
            "asks": "wish",
            "asks_anew": True,
            "say": {"en": [text]},
            "next": [{"to": following}],
        }
        for name, text, following in zip(names, texts, [*names[1:], names[-1]], strict=True)
    }
    return {
        "name": "museum",
        "languages": ["en"],
        "start": names[0],
        "slots": {"wish": {"capture": {"kind": "text"}}},
        "states": states | {"nobody": {"ends": "silent"}},
        "silent": {"to": "nobody"},
        "unclear": {"to": "nobody"},
    }


async def museum(owner: httpx.AsyncClient, *answers: str, **settings: Any) -> str:
    """The id of an agent that is patient with whoever says nothing."""
    behavior = {"silence": {"enabled": False}, "backchannel": False}
    body = {"name": "Museum", "graph": graph(*(answers or (ANSWER,))), "behavior": behavior}
    made = await owner.post("/bot/api/agents", json=body | settings)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def ended_calls(owner: httpx.AsyncClient, agent_id: str) -> list[dict[str, Any]]:
    """The records of this agent, the newest first, once all of its calls are over."""
    async with asyncio.timeout(30):
        while True:
            calls = (await owner.get("/bot/api/calls", params={"agent_id": agent_id})).json()
            if all(call["ended_reason"] for call in calls):
                return calls
            await asyncio.sleep(0.1)
