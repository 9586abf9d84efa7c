"""What Prometheus reads."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core.metrics import Metrics
from app.inference.metrics import ModelMetrics
from app.inference.registry import ModelState, RegistrySnapshot


def samples(metrics: Metrics) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = [v for n, have, v in samples(metrics) if n == name and have == labels]
    assert len(found) == 1, f"{name}{labels}: {found}"
    return found[0]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3")


def test_the_build_is_named(metrics: Metrics) -> None:
    [labels] = [labels for name, labels, _ in samples(metrics) if name == "parley_build_info"]
    assert labels["version"] == "1.2.3"


def test_http_is_counted_by_family_route_and_status(metrics: Metrics) -> None:
    metrics.http_answered("voice", "/voice/calls/{uuid}", 200, duration_s=0.02)
    metrics.http_answered("voice", "/voice/calls/{uuid}", 404, duration_s=3)
    name = "parley_http_request_duration_seconds"
    found = {"family": "voice", "route": "/voice/calls/{uuid}", "status": "200"}
    assert value(metrics, f"{name}_count", **found) == 1
    assert value(metrics, f"{name}_bucket", **found, le="0.025") == 1
    assert value(metrics, f"{name}_sum", **found | {"status": "404"}) == 3


def test_paths_that_no_route_matches_share_one_label(metrics: Metrics) -> None:
    for _ in range(1000):
        metrics.http_answered("v1", None, 404, duration_s=0)
    request = {"family": "v1", "route": "unmatched", "status": "404"}
    assert value(metrics, "parley_http_request_duration_seconds_count", **request) == 1000


def test_labels_cannot_grow_without_end(metrics: Metrics) -> None:
    for number in range(5000):
        metrics.http_answered("v1", f"/calls/{number}", 200, duration_s=0)
        metrics.task_failed(f"call {number}")
        metrics.job_ended(f"job {number}", failed=False, duration_s=0)
    assert len(metrics.render().splitlines()) < 40_000
    assert value(metrics, "parley_task_failures_total", task="other") == 4500
    assert value(metrics, "parley_task_failures_total", task="call 0") == 1


def test_jobs_are_counted_by_outcome(metrics: Metrics) -> None:
    metrics.job_ended("webhook", failed=False, duration_s=1)
    metrics.job_ended("webhook", failed=True, duration_s=2)
    assert value(metrics, "parley_jobs_total", job="webhook", outcome="failed") == 1
    assert value(metrics, "parley_jobs_total", job="webhook", outcome="succeeded") == 1
    assert value(metrics, "parley_job_duration_seconds_sum", job="webhook") == 3


def test_feed(metrics: Metrics) -> None:
    metrics.feed_drops.labels("outage").inc(3)
    assert value(metrics, "parley_feed_drops_total", reason="outage") == 3


def test_a_collector_is_asked_at_each_scrape(metrics: Metrics) -> None:
    held = [1, 2]
    states = (
        ModelState("silero-vad", loaded=True, memory_bytes=7, leases=0, pinned=False, device="cpu"),
    )

    def snapshot() -> RegistrySnapshot:
        return RegistrySnapshot(
            budget_bytes=10,
            used_bytes=7,
            loads=1,
            failures=0,
            evictions=0,
            refusals=0,
            models=(replace(states[0], leases=held.pop(0)),),
        )

    metrics.add(ModelMetrics(snapshot))
    assert 'parley_model_leases{model="silero-vad"} 1.0' in metrics.render().decode()
    after = metrics.render().decode()
    assert 'parley_model_leases{model="silero-vad"} 2.0' in after
    assert "parley_model_loads_total 1.0" in after
    assert 'parley_model_loaded_bytes{model="silero-vad"} 7.0' in after
