"""What thinking shows to Prometheus."""

from collections.abc import Iterator, Mapping

from prometheus_client import Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from app.llm.breaker import Breaker, State
from app.llm.conversation import TokenUsage

_FIRST_TOKEN_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
_OPENNESS: Mapping[State, float] = {"closed": 0, "half_open": 0.5, "open": 1}


class ThinkingMetrics:
    """A collector for `Metrics.add`. `breakers`: by the provider that they guard."""

    def __init__(self, breakers: Mapping[str, Breaker]) -> None:
        self._breakers = breakers
        self.first_token = Histogram(
            "parley_llm_first_token_seconds",
            "From the request to the first of its answer, without the tries before it",
            ["provider"],
            buckets=_FIRST_TOKEN_S,
            registry=None,
        )
        self._tokens = Counter(
            "parley_llm_tokens",
            "Tokens, by what they were; input includes what a cache was read or written for",
            ["provider", "kind"],
            registry=None,
        )
        self.failures = Counter(
            "parley_llm_failures",
            "Tries that failed, by what went wrong",
            ["provider", "kind"],
            registry=None,
        )
        self.switches = Counter(
            "parley_llm_switches",
            "Requests handed on to another provider",
            ["failed", "provider"],
            registry=None,
        )

    def count_tokens(self, provider: str, usage: TokenUsage) -> None:
        for kind, count in (
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
            ("cache_read", usage.cache_read_tokens),
            ("cache_write", usage.cache_write_tokens),
        ):
            self._tokens.labels(provider, kind).inc(count)

    def collect(self) -> Iterator[Metric]:
        for instrument in (self.first_token, self._tokens, self.failures, self.switches):
            yield from instrument.collect()
        openness = GaugeMetricFamily(
            "parley_llm_breaker_open",
            "1 where a provider is left alone, 0.5 where it is tried again, else 0",
            labels=["provider"],
        )
        for provider, breaker in self._breakers.items():
            openness.add_metric([provider], _OPENNESS[breaker.state])
        yield openness
