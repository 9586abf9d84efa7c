"""What earlier client libraries ask of the agent beside its documented routes."""

from collections import Counter
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from app.api.access import TOKEN
from app.api.gateway.agent import DeviceId, Text
from app.api.gateway.agent_answers import (
    feedback_end,
    feedback_error,
    feedback_events,
    label_of,
    tokens_of,
)
from app.api.gateway.asr_answers import NotAppliedAnswer
from app.api.server_events import EVENTS, ServerEvents
from app.api.thinking import events_of, paying_user, person_of, streamed, thinking_scope, thought
from app.core.clock import utc_now
from app.llm.assistant import Answer
from app.llm.assisting import FIRST, HELPERS, check_transcript, find_helper
from app.llm.preferences import Language
from app.runtime import Runtime
from app.tenancy.domain.usage import Amounts, UsageEntry

AnyRequest = Request[Any, Any, Any]
ShortText = Annotated[str, msgspec.Meta(max_length=4000, pattern="^[^\\0]*$")]
Period = Literal["day", "week", "month", "1d", "7d", "30d", "90d"]

_DAYS: dict[Period, int] = {
    "day": 1,
    "week": 7,
    "month": 30,
    "1d": 1,
    "7d": 7,
    "30d": 30,
    "90d": 90,
}
_OWN_MODEL = ("", "default")


class HelperAnswer(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    description: str
    mode: Literal["live"] = "live"


class HelpersAnswer(msgspec.Struct, frozen=True):
    agents: list[HelperAnswer]


class Overheard(msgspec.Struct, frozen=True, kw_only=True):
    """`agent`: which of `/live-assist/agents` is to help."""

    transcript: Text
    agent: ShortText = FIRST
    language: Language = ""


class ToSummarize(msgspec.Struct, frozen=True, kw_only=True):
    """`model_name` is taken for compatibility: the operator chose the model."""

    content: Annotated[Text, msgspec.Meta(min_length=1)]
    instruction: ShortText = ""
    model_name: ShortText = ""


class Summarized(msgspec.Struct, frozen=True, kw_only=True):
    response: str
    input_text: str
    input_tokens: int
    output_tokens: int
    model: str | None
    not_applied: list[NotAppliedAnswer]


class DayOfAgent(msgspec.Struct, frozen=True):
    date: date
    requests: int
    tokens: int


class ToolUse(msgspec.Struct, frozen=True):
    name: str
    count: int


class AgentUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Counted by the user of the token; `top_tools` by what is kept of that user's history."""

    user_id: str
    total_requests: int
    total_tokens: int
    top_tools: list[ToolUse]
    daily: list[DayOfAgent]


@get(["/live-assist/agents", "/agent/live-assist/agents"], opt=TOKEN)
async def list_helpers() -> HelpersAnswer:
    """Who may help in a conversation that goes on."""
    return HelpersAnswer(
        [
            HelperAnswer(id=each.id, name=each.name, description=each.description)
            for each in HELPERS.values()
        ]
    )


@post(
    ["/live-assist/process/stream", "/agent/live-assist/process/stream"],
    opt=TOKEN,
    status_code=200,
    operation_class=EVENTS,
)
async def help_stream(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[Overheard]
) -> ServerEvents:
    """What one of them has to say of it."""
    check_transcript(data.transcript)
    task = find_helper(data.agent).task
    scope = thinking_scope(request, runtime)
    steps = runtime.assistant.work_on(scope, task, data.transcript, data.language)
    events = events_of(streamed(request, runtime, steps), feedback_events, feedback_end)
    return ServerEvents(request, events, feedback_error)


@post("/v1/llm-text-summarizer", opt=TOKEN, status_code=200)
async def summarize_text(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[ToSummarize]
) -> Summarized:
    """Does with `content` what `instruction` says; without one, sums it up."""
    scope = thinking_scope(request, runtime)
    steps = runtime.assistant.work_on(scope, data.instruction or SUMMARIZE, data.content)
    return _summarized(data, await thought(request, runtime, steps))


SUMMARIZE = "Sum up the material in a few sentences, in its own language."


def _summarized(asked: ToSummarize, answer: Answer) -> Summarized:
    tokens, finished = tokens_of(answer.finished), answer.finished
    model = label_of(finished) if finished else None
    is_ours = not finished or asked.model_name in (*_OWN_MODEL, finished.model, model)
    return Summarized(
        response=answer.text,
        input_text=asked.content,
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        model=model,
        not_applied=[] if is_ours else [_OTHER_MODEL],
    )


_OTHER_MODEL = NotAppliedAnswer("model_name", "the model is the operator's choice")


@get("/agent/usage", opt=TOKEN)
async def agent_usage(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    user_id: FromQuery[str | None] = None,
    period: FromQuery[Period] = "month",
    device: DeviceId = None,
) -> AgentUsage:
    """What a user asked of the agent, day by day; by default whoever asks."""
    user = person_of(request, user_id, device).user_id or paying_user(request)
    since = utc_now() - timedelta(days=_DAYS[period])
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        entries = await runtime.usage.entries(tx, user_id=user, since=since)
        kept = await runtime.dialogues.get(tx, user)
    tools = Counter(tool for each in kept if each.said_at >= since for tool in each.exchange.tools)
    return _agent_usage(user, entries, tools)


def _agent_usage(user_id: str, entries: list[UsageEntry], tools: Counter[str]) -> AgentUsage:
    days: dict[date, Amounts] = {}
    for entry in entries:
        if entry.endpoint.startswith("/agent/"):
            day = entry.minute.date()
            days[day] = days.get(day, Amounts()) + entry.amounts
    total = sum(days.values(), Amounts())
    return AgentUsage(
        user_id=user_id,
        total_requests=total.requests,
        total_tokens=total.llm_tokens,
        top_tools=[ToolUse(*each) for each in tools.most_common(10)],
        daily=[DayOfAgent(day, each.requests, each.llm_tokens) for day, each in days.items()],
    )


ROUTES = (list_helpers, help_stream, summarize_text, agent_usage)
