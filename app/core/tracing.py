"""Spans for an OpenTelemetry collector, off unless an address is given.

A span carries names and numbers, never what an exception says: that may be a person's words.
"""

import asyncio
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer

Attribute = str | bool | int | float

_EXPORT_TIMEOUT_S = 5.0


class Tracing:
    """Built once by wiring. Spans nest by context: tasks started inside one belong to it."""

    def __init__(self, endpoint: str | None, service_name: str) -> None:
        self._provider = _provider(endpoint, service_name) if endpoint else None
        self._tracer = self._provider.get_tracer(service_name) if self._provider else None
        self._off = nullcontext()

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[None]:
        if self._tracer is None:
            return self._off
        return _span(self._tracer, name, attributes)

    async def close(self) -> None:
        """Send what is left; gives up on a collector that does not answer within seconds."""
        if self._provider:
            await asyncio.to_thread(self._provider.shutdown)


def _provider(endpoint: str, service_name: str) -> TracerProvider:
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: service_name}), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_TIMEOUT_S
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


@contextmanager
def _span(
    tracer: Tracer, name: str, attributes: dict[str, Attribute]
) -> Generator[None, None, None]:
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
