"""What tokens cost, in US dollars for a million of them, as the vendors' price lists have it.

An operator who pays otherwise says so in PARLEY_LLM_PRICES. What is not listed has no known cost.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.core.setting_fields import SettingInvalid
from app.llm.conversation import TokenUsage

TAKEN = date(2026, 10, 10)
"""When they were last read; a price may have changed since. What no list could be found for is not
here."""

SETTING = "PARLEY_LLM_PRICES"

_MILLION = 1_000_000
_DATED = re.compile(r"-\d{8}$")


@dataclass(frozen=True, slots=True)
class Price:
    """`most_input`: of a request that it holds for, in tokens."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    most_input: float = math.inf

    def of(self, usage: TokenUsage) -> float:
        fresh = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        return (
            fresh * self.input
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
            + usage.output_tokens * self.output
        ) / _MILLION


def _claude(input_: float, output: float, cache_read: float, most_input: float = math.inf) -> Price:
    """What is written for five minutes costs a quarter more than what is not kept."""
    return Price(input_, output, cache_read, input_ * 1.25, most_input)


def _others(input_: float, output: float, cache_read: float, most_input: float = math.inf) -> Price:
    return Price(input_, output, cache_read, input_, most_input)


_OPUS, _SONNET = _claude(5, 25, 0.5), _claude(3, 15, 0.3)
_HAIKU_5_5 = (_claude(0.1, 0.5, 0.01, 100_000), _claude(0.5, 2.5, 0.05))
_GEMINI_PRO = (_others(1.25, 10, 0.125, 200_000), _others(2.5, 15, 0.25))

LISTED: Mapping[str, tuple[Price, ...]] = {
    "claude-opus-4-5": (_OPUS,),
    "claude-opus-4-6": (_OPUS,),
    "claude-opus-4-7": (_OPUS,),
    "claude-opus-4-8": (_OPUS,),
    "claude-opus-5": (_OPUS,),
    "claude-opus-5-5": (_claude(4, 20, 0.2),),
    "claude-sonnet-4-5": (_SONNET,),
    "claude-sonnet-4-6": (_SONNET,),
    "claude-sonnet-5": (_claude(2, 10, 0.2),),
    "claude-sonnet-5-5": (_claude(2, 10, 0.1),),
    "claude-haiku-4-5": (_claude(1, 5, 0.1),),
    "claude-haiku-5-5": _HAIKU_5_5,
    "gemini-2.5-pro": _GEMINI_PRO,
    "gemini-2.5-flash": (_others(0.3, 2.5, 0.03),),
    "gemini-2.5-flash-lite": (_others(0.1, 0.4, 0.01),),
    "openai/gpt-oss-120b": (_others(0.15, 0.6, 0.075),),
}
"""By model; of several the first that is for a request of its length."""

_FREE = (Price(0, 0, 0, 0),)


class PriceList:
    """`overrides` is what PARLEY_LLM_PRICES says: `model=input/output`, or
    `model=input/output/cache read/cache write`, with commas between models."""

    def __init__(self, overrides: str = "") -> None:
        self._prices = {**LISTED, **dict(map(_override, filter(None, overrides.split(","))))}

    def cost_usd(self, provider: str, model: str, usage: TokenUsage) -> float | None:
        """None where it is not known. The model of the house costs no more than its machine."""
        free = _FREE if provider == "embedded" else ()
        listed = self._prices.get(model) or self._prices.get(_DATED.sub("", model)) or free
        for price in listed:
            if usage.input_tokens <= price.most_input:
                return price.of(usage)
        return None


def _override(text: str) -> tuple[str, tuple[Price, ...]]:
    model, _, amounts = text.strip().rpartition("=")
    try:
        numbers = [float(amount) for amount in amounts.split("/")]
    except ValueError:
        numbers = []
    if not model or len(numbers) not in (2, 4) or not all(0 <= each < math.inf for each in numbers):
        raise SettingInvalid(
            f"{SETTING} must read model=input/output or model=input/output/cache read/cache write, "
            f"in US dollars for a million tokens, not {text.strip()[:80]!r}",
            setting=SETTING,
        )
    input_, output, cache_read, cache_write = (
        numbers if len(numbers) == 4 else (*numbers, *numbers[:1] * 2)
    )
    return model, (Price(input_, output, cache_read, cache_write),)
