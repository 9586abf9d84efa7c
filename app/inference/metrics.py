"""What the registry shows to Prometheus, read when it is scraped."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from app.inference.registry import RegistrySnapshot


class ModelMetrics:
    """A collector for `Metrics.add`."""

    def __init__(self, snapshot: Callable[[], RegistrySnapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        for name, count in (
            ("loads", now.loads),
            ("failures", now.failures),
            ("evictions", now.evictions),
            ("refusals", now.refusals),
        ):
            yield CounterMetricFamily(f"parley_model_{name}", f"Model {name}", value=count)
        leases = GaugeMetricFamily("parley_model_leases", "Leases held", labels=["model"])
        memory = GaugeMetricFamily("parley_model_loaded_bytes", "Memory taken", labels=["model"])
        for model in now.models:
            leases.add_metric([model.id], model.leases)
            memory.add_metric([model.id], model.memory_bytes)
        yield leases
        yield memory
