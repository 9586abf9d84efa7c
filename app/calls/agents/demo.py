"""The agent that a newcomer talks to: a dialogue graph, which needs no language model."""

from importlib.resources import files
from uuid import UUID, uuid5

import msgspec

from app.calls.agents.domain import AgentSettings

_NAME = "Front desk (demo)"
_GREETING = "Welcome to Parley. You are talking to a demonstration."
_PROMPT = (
    "You are the automated front desk of a dental practice. Take an appointment: the name of the "
    "caller, what it is about, a day and a time; then read it back. Be brief and friendly, and "
    "never give medical advice."
)
"""For whoever takes the graph away and lets a model answer."""


def demo_settings() -> AgentSettings:
    graph = files("app.calls.flows").joinpath("examples/appointment.json")
    return AgentSettings(
        name=_NAME,
        greeting=_GREETING,
        system_prompt=_PROMPT,
        graph=msgspec.json.decode(graph.read_bytes()),
    )


def demo_id(org_id: UUID) -> UUID:
    """The same in every process, so that two that start at once make one."""
    return uuid5(org_id, "demo agent")
