"""The service as settings make it, on a real database, asking vendors over real sockets."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import date

import pytest

from app.core import settings
from app.core.db import Database, TransactionMisused
from app.core.errors import AppError
from app.core.scope import OrgScope
from app.llm.accounts import DayOfThinking, TokenAccounts
from app.llm.conversation import Chunk, ModelFailed, Switched, TextChunk, TokenUsage
from app.llm.prices import PriceList
from app.llm.providers.chosen import ModelNotSetUp, contenders
from app.llm.service import LlmService
from tests.fakes import anthropic_api, openai_api
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.openai_api import EVENTS, KINDS, OpenAiApi, Reply, event_of, fault
from tests.fakes.vendor import Answer, said
from tests.integration.llm.answers import HELLO, end_of, text_of
from tests.integration.tenancy.opened import NEW_KEY, opened

PRICES = f"{openai_api.MODEL}=1/2/0.5/1"
TOLD = TokenUsage(21, 13, cache_read_tokens=8)
COST_USD = (13 * 1 + 8 * 0.5 + 13 * 2) / 1_000_000
BUSY = said(529, anthropic_api.error("overloaded_error", "Overloaded"))
HALF = event_of({"choices": [{"delta": {"content": "Half"}, "finish_reason": None}]})


@pytest.fixture
async def claude() -> AsyncGenerator[AnthropicApi]:
    async with AnthropicApi().serving() as api:
        yield api


@pytest.fixture
async def groq() -> AsyncGenerator[OpenAiApi]:
    async with OpenAiApi(KINDS["groq"]).serving() as api:
        yield api


@pytest.fixture
async def local() -> AsyncGenerator[OpenAiApi]:
    async with OpenAiApi(KINDS["llama.cpp"]).serving() as api:
        yield api


@pytest.fixture
async def accounts(database: Database, app_url: str) -> AsyncGenerator[TokenAccounts]:
    async with opened(database, app_url, NEW_KEY) as tenancy:
        yield TokenAccounts(database, tenancy.organizations, PriceList(PRICES))


@asynccontextmanager
async def thinking(
    accounts: TokenAccounts, provider: str, failover: str = "", **urls: str
) -> AsyncGenerator[LlmService]:
    """`urls`: of `claude`, `groq` and `local`; who has none has no key either."""
    environ = {"LLM_PROVIDER": provider, "PARLEY_LLM_FAILOVER": failover}
    if url := urls.get("claude"):
        environ |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": anthropic_api.KEY}
        environ |= {"ANTHROPIC_MODEL": anthropic_api.MODEL}
    if url := urls.get("groq"):
        environ |= {"GROQ_BASE_URL": url, "GROQ_API_KEY": openai_api.KEY}
        environ |= {"GROQ_MODEL": openai_api.MODEL}
    if url := urls.get("local"):
        environ |= {"LOCAL_LLM_URL": f"{url}/v1", "LOCAL_LLM_MODEL": openai_api.MODEL}
    async with AsyncExitStack() as stack:
        asked = contenders(settings.load(environ).llm, {}, stack)
        yield LlmService(asked, accounts)


async def chunks_of(service: LlmService, scope: OrgScope) -> list[Chunk]:
    async with aclosing(service.stream(scope, HELLO)) as chunks:
        return [chunk async for chunk in chunks]


async def until_fault(service: LlmService, scope: OrgScope) -> tuple[list[Chunk], AppError]:
    heard = list[Chunk]()
    with pytest.raises(AppError) as raised:
        async with aclosing(service.stream(scope, HELLO)) as chunks:
            async for chunk in chunks:
                heard.append(chunk)
    return heard, raised.value


async def booked(
    accounts: TokenAccounts, database: Database, scope: OrgScope
) -> Sequence[DayOfThinking]:
    await accounts.flush()
    async with database.transaction(scope) as tx:
        return await accounts.days(tx, since=date(2020, 1, 1))


def metric(service: LlmService, name: str, **labels: str) -> float:
    samples = [each for metric in service.metrics.collect() for each in metric.samples]
    return sum(each.value for each in samples if each.name == name and each.labels == labels)


async def test_where_one_is_overloaded_the_next_answers_and_its_tokens_are_counted_once(
    accounts: TokenAccounts,
    database: Database,
    org_a: OrgScope,
    org_b: OrgScope,
    claude: AnthropicApi,
    groq: OpenAiApi,
) -> None:
    claude.scripted = [BUSY] * 3
    async with thinking(accounts, "claude", "groq", claude=claude.url, groq=groq.url) as service:
        chunks = await chunks_of(service, org_a)
        assert chunks[0] == Switched("claude", "groq", "Claude takes no more for now")
        assert text_of(chunks) == "You said: Hello?"
        assert (end_of(chunks).provider, end_of(chunks).usage) == ("groq", TOLD)
        assert metric(service, "parley_llm_switches_total", failed="claude", provider="groq") == 1
        assert metric(service, "parley_llm_tokens_total", provider="groq", kind="input") == 21
    assert len(claude.asked) == 3
    (day,) = await booked(accounts, database, org_a)
    assert (day.provider, day.model, day.requests) == ("groq", openai_api.MODEL, 1)
    assert (day.usage, day.unmetered) == (TOLD, 0)
    assert day.cost_usd == pytest.approx(COST_USD)
    assert await booked(accounts, database, org_b) == []


async def test_who_is_down_is_asked_again_before_the_next_is(
    accounts: TokenAccounts, org_a: OrgScope, local: OpenAiApi, groq: OpenAiApi
) -> None:
    nowhere = "http://127.0.0.1:9"
    async with thinking(accounts, "groq", "local", groq=nowhere, local=local.url) as service:
        chunks = await chunks_of(service, org_a)
        assert chunks[0] == Switched(
            "groq", "local", "Groq gave no whole answer: it accepts no connection"
        )
        assert end_of(chunks).provider == "local"
        failed = metric(service, "parley_llm_failures_total", provider="groq", kind="model_failed")
        assert failed == 3


async def test_what_passes_at_once_needs_nobody_else(
    accounts: TokenAccounts, database: Database, org_a: OrgScope, groq: OpenAiApi, local: OpenAiApi
) -> None:
    groq.scripted = [said(429, fault("slow down", "requests"), **{"retry-after": "0"})]
    async with thinking(accounts, "groq", "local", groq=groq.url, local=local.url) as service:
        chunks = await chunks_of(service, org_a)
    assert not [chunk for chunk in chunks if isinstance(chunk, Switched)]
    assert (len(groq.asked), local.asked) == (2, [])
    (day,) = await booked(accounts, database, org_a)
    assert (day.requests, day.usage) == (1, TOLD)


async def test_an_answer_that_breaks_off_is_told_and_not_begun_again(
    accounts: TokenAccounts, database: Database, org_a: OrgScope, groq: OpenAiApi, local: OpenAiApi
) -> None:
    groq.scripted = [Answer(200, EVENTS, [HALF], cut=True)]
    async with thinking(accounts, "groq", "local", groq=groq.url, local=local.url) as service:
        heard, broken = await until_fault(service, org_a)
    assert heard == [TextChunk("Half")]
    assert isinstance(broken, ModelFailed)
    assert (len(groq.asked), local.asked) == (1, [])
    (day,) = await booked(accounts, database, org_a)
    assert (day.provider, day.requests, day.unmetered) == ("groq", 1, 1)


async def test_who_leaves_is_noticed_at_the_vendor(
    accounts: TokenAccounts, database: Database, org_a: OrgScope, groq: OpenAiApi
) -> None:
    groq.scripted = [Answer(200, EVENTS, [HALF], hangs=True)]
    async with thinking(accounts, "groq", groq=groq.url) as service:
        chunks = service.stream(org_a, HELLO)
        assert await anext(chunks) == TextChunk("Half")
        await chunks.aclose()
        await groq.left.wait()
    (day,) = await booked(accounts, database, org_a)
    assert (day.requests, day.unmetered) == (1, 1)


async def test_a_server_that_counts_no_tokens_is_not_taken_for_one_that_uses_none(
    accounts: TokenAccounts, database: Database, org_a: OrgScope
) -> None:
    async with (
        OpenAiApi(KINDS["without usage"], [Reply("Yes.")]).serving() as server,
        thinking(accounts, "local", local=server.url) as service,
    ):
        await chunks_of(service, org_a)
    (day,) = await booked(accounts, database, org_a)
    assert (day.requests, day.unmetered, day.usage) == (1, 1, TokenUsage())


@pytest.mark.inventory("WH-350")
async def test_a_missing_key_is_a_sentence(accounts: TokenAccounts, org_a: OrgScope) -> None:
    async with thinking(accounts, "claude") as service:
        heard, missing = await until_fault(service, org_a)
    assert heard == []
    assert isinstance(missing, ModelNotSetUp)
    assert missing.message == "Claude was chosen to answer, and ANTHROPIC_API_KEY is not set"


@pytest.mark.inventory("WH-349")
async def test_the_label_names_who_would_answer_now(
    accounts: TokenAccounts, org_a: OrgScope, claude: AnthropicApi, local: OpenAiApi
) -> None:
    async with thinking(accounts, "claude", "local", local=local.url) as service:
        assert service.label == f"local {openai_api.MODEL}"
        assert (service.context_tokens, service.is_embedded) == (8192, False)
    async with thinking(accounts, "claude", "local", claude=claude.url, local=local.url) as service:
        assert service.label == f"claude {anthropic_api.MODEL}"
        claude.scripted = [BUSY] * 6
        await chunks_of(service, org_a)
        await chunks_of(service, org_a)
        assert service.label == f"local {openai_api.MODEL}"


async def test_nobody_is_asked_inside_a_transaction(
    accounts: TokenAccounts, database: Database, org_a: OrgScope, claude: AnthropicApi
) -> None:
    async with (
        thinking(accounts, "claude", claude=claude.url) as service,
        database.transaction(org_a),
    ):
        with pytest.raises(TransactionMisused):
            await chunks_of(service, org_a)
    assert claude.asked == []
