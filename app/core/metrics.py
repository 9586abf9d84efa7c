"""The numbers Parley shows to Prometheus: one registry of its own and its named instruments.

A label value is a name from the code or a route template: never an id, an address or a path.
"""

import platform
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MOST_NAMES = 500
_LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_JOB_S = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200)


class _Names:
    """Past the limit a new name counts as `other`: a mistake costs precision, not memory."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bound(self, name: str) -> str:
        if name in self._known:
            return name
        if len(self._known) >= _MOST_NAMES:
            return "other"
        self._known.add(name)
        return name


class Metrics:
    """Built once by wiring and handed to whoever counts something."""

    def __init__(self, version: str) -> None:
        self._registry = registry = CollectorRegistry()
        self._routes = _Names()
        self._tasks = _Names()
        self._jobs = _Names()
        self._answered: dict[tuple[str, str | None, int], Histogram] = {}
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self._http_duration = histogram(
            "parley_http_request_duration_seconds",
            "Time to answer an HTTP request",
            ["family", "route", "status"],
            buckets=_LATENCY_S,
        )
        self._task_failures = counter(
            "parley_task_failures", "Supervised tasks that failed", ["task"]
        )
        self._job_runs = counter("parley_jobs", "Jobs run, by how they ended", ["job", "outcome"])
        self._job_duration = histogram(
            "parley_job_duration_seconds", "Time a job ran", ["job"], buckets=_JOB_S
        )
        self.loop_lag = gauge(
            "parley_loop_lag_seconds", "Longest delay of the event loop in the last seconds"
        )
        self.websockets = gauge("parley_open_websockets", "WebSockets under way, of every kind")
        self.feed_drops = counter("parley_feed_drops", "Live-feed messages dropped", ["reason"])
        self.letters = counter("parley_letters", "E-mail, by what became of it", ["outcome"])
        self.slots_in_use = gauge(
            "parley_slots_in_use",
            "Calls and streams that this process holds a slot for",
            ["quota"],
        )
        self.relays = counter(
            "parley_webrtc_relays",
            "Calls from browsers that asked a TURN server, by what came of it",
            ["outcome"],
        )
        self.quota_refusals = counter(
            "parley_quota_refusals", "Work refused for a quota", ["quota"]
        )
        Info("parley_build", "What is running", registry=registry).info(
            {"version": version, "python": platform.python_version()}
        )
        ProcessCollector(registry=registry)

    def add(self, collector: Collector) -> None:
        """Shows what `collector` counts itself, asked at each scrape."""
        self._registry.register(collector)

    def http_answered(
        self, family: str, route: str | None, status: int, *, duration_s: float
    ) -> None:
        """`route` is the template that matched, None where none did."""
        duration = self._answered.get((family, route, status))
        if duration is None:
            template = self._routes.bound(route) if route is not None else "unmatched"
            duration = self._http_duration.labels(family, template, str(status))
            self._answered[family, route, status] = duration
        duration.observe(duration_s)

    def task_failed(self, task: str) -> None:
        self._task_failures.labels(self._tasks.bound(task)).inc()

    def job_ended(self, job: str, *, failed: bool, duration_s: float) -> None:
        name = self._jobs.bound(job)
        self._job_runs.labels(name, "failed" if failed else "succeeded").inc()
        self._job_duration.labels(name).observe(duration_s)

    def render(self) -> bytes:
        """The Prometheus text format, to be sent as `CONTENT_TYPE`."""
        return generate_latest(self._registry)
