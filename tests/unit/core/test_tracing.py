"""Traces as a collector receives them over OTLP/HTTP, and none where none are wanted."""

import asyncio
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from app.core.aio import TaskScope
from app.core.tracing import Tracing


class Collector:
    """A real OTLP/HTTP receiver on loopback."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()
        received = self

        class Receive(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.paths.add(self.path)
                received.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def spans(self) -> dict[str, Span]:
        return {
            span.name: span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    @property
    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }


@pytest.fixture
def collector() -> Generator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


async def test_spans_reach_the_collector_nested_and_with_attributes(collector: Collector) -> None:
    tracing = Tracing(collector.url, "parley")
    with tracing.span("call", org="a", live=True), tracing.span("reply", tokens=3, cost=0.5):
        pass
    await tracing.close()

    call, reply = collector.spans["call"], collector.spans["reply"]
    assert reply.parent_span_id == call.span_id
    assert reply.trace_id == call.trace_id
    assert call.start_time_unix_nano <= reply.start_time_unix_nano <= reply.end_time_unix_nano
    attributes = {attribute.key: attribute.value for attribute in reply.attributes}
    assert attributes["tokens"].int_value == 3
    assert attributes["cost"].double_value == 0.5
    assert {attribute.key: attribute.value for attribute in call.attributes}["live"].bool_value
    assert collector.services == {"parley"}
    assert collector.paths == {"/v1/traces"}


async def test_an_endpoint_may_end_in_a_slash(collector: Collector) -> None:
    tracing = Tracing(collector.url + "/", "parley")
    with tracing.span("call"):
        pass
    await tracing.close()
    assert collector.paths == {"/v1/traces"}


async def test_a_task_belongs_to_the_span_it_was_started_in(collector: Collector) -> None:
    tracing = Tracing(collector.url, "parley")

    async def work(name: str) -> None:
        with tracing.span(name):
            await asyncio.sleep(0)

    with tracing.span("call"):
        async with TaskScope() as scope:
            scope.spawn("one", work("one"))
            scope.spawn("two", work("two"))
    await tracing.close()
    spans = collector.spans
    assert spans["one"].parent_span_id == spans["two"].parent_span_id == spans["call"].span_id


async def test_a_failure_is_shown_by_its_kind_and_never_by_its_words(collector: Collector) -> None:
    tracing = Tracing(collector.url, "parley")
    with pytest.raises(ValueError, match="wh_secret"), tracing.span("call"):
        raise ValueError("wh_secret of zoe@example.com")
    await tracing.close()
    span = collector.spans["call"]
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == "ValueError"
    assert not any(b"wh_secret" in request.SerializeToString() for request in collector.requests)


async def test_a_cancelled_span_is_no_failure(collector: Collector) -> None:
    tracing = Tracing(collector.url, "parley")

    async def reply() -> None:
        with tracing.span("reply"):
            await asyncio.Event().wait()

    async with TaskScope() as scope:
        scope.spawn("reply", reply())
        await asyncio.sleep(0)
        await scope.cancel()
    await tracing.close()
    assert collector.spans["reply"].status.code == Status.STATUS_CODE_UNSET


@pytest.mark.parametrize("endpoint", [None, ""])
async def test_without_an_endpoint_nothing_is_started_or_sent(endpoint: str | None) -> None:
    threads = threading.active_count()
    tracing = Tracing(endpoint, "parley")
    with tracing.span("call", org="a"), tracing.span("reply"):
        assert threading.active_count() == threads
    assert tracing.span("call") is tracing.span("reply")
    await tracing.close()


async def test_a_collector_that_is_not_there_disturbs_nobody() -> None:
    tracing = Tracing("http://127.0.0.1:1", "parley")
    with tracing.span("call"):
        pass
    await tracing.close()
