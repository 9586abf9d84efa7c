"""What tokens cost."""

import pytest

from app.core.setting_fields import SettingInvalid
from app.llm.conversation import TokenUsage
from app.llm.prices import LISTED, PriceList

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "cost_usd"),
    [
        ("claude-sonnet-4-6", TokenUsage(MILLION, MILLION), 18.0),
        ("claude-sonnet-4-6", TokenUsage(MILLION, 0, cache_read_tokens=MILLION), 0.3),
        ("claude-sonnet-4-6", TokenUsage(MILLION, 0, cache_write_tokens=MILLION), 3.75),
        ("claude-sonnet-4-6", TokenUsage(3000, 100, 1000, 1000), 0.00855),
        ("claude-haiku-4-5-20251001", TokenUsage(MILLION, 0), 1.0),
        ("gemini-2.5-flash", TokenUsage(MILLION, MILLION), 2.8),
        ("openai/gpt-oss-120b", TokenUsage(2 * MILLION, 0, cache_read_tokens=MILLION), 0.225),
    ],
)
def test_each_token_has_its_price(model: str, usage: TokenUsage, cost_usd: float) -> None:
    assert PriceList().cost_usd("any", model, usage) == pytest.approx(cost_usd)


def test_long_requests_cost_more_where_the_list_says_so() -> None:
    prices = PriceList()
    assert prices.cost_usd("gemini", "gemini-2.5-pro", TokenUsage(200_000)) == pytest.approx(0.25)
    longer = prices.cost_usd("gemini", "gemini-2.5-pro", TokenUsage(200_001))
    assert longer == pytest.approx(0.5, rel=1e-4)


def test_what_is_not_listed_has_no_known_cost() -> None:
    prices = PriceList()
    assert prices.cost_usd("local", "qwen3", TokenUsage(10, 10)) is None
    assert prices.cost_usd("claude", "claude-of-tomorrow", TokenUsage(10, 10)) is None


def test_the_model_of_the_house_is_free() -> None:
    assert PriceList().cost_usd("embedded", "smollm2", TokenUsage(10, 10)) == 0


def test_no_list_price_is_nothing_and_what_is_read_from_a_cache_costs_least() -> None:
    for bands in LISTED.values():
        for price in bands:
            assert 0 < price.cache_read <= price.input <= price.cache_write
            assert price.input < price.output


def test_an_operator_may_pay_otherwise() -> None:
    prices = PriceList("claude-sonnet-4-6=1/2, org/qwen3=0/0 ,gemini-2.5-flash=1/2/0.5/4,")
    everything = TokenUsage(3 * MILLION, MILLION, MILLION, MILLION)
    assert prices.cost_usd("claude", "claude-sonnet-4-6", everything) == pytest.approx(5)
    assert prices.cost_usd("local", "org/qwen3", everything) == 0
    assert prices.cost_usd("gemini", "gemini-2.5-flash", everything) == pytest.approx(7.5)


@pytest.mark.parametrize(
    "text", ["x", "=1/2", "x=1", "x=1/2/3", "x=a/b", "x=-1/2", "x=nan/1", "x=1/inf"]
)
def test_a_price_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        PriceList(f"ok=1/2,{text}")
    assert refused.value.message.startswith("PARLEY_LLM_PRICES must read ")
    assert text in refused.value.message
