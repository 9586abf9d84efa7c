"""What a client is told when something is wrong: the field's name, never the cause of a defect."""

import logging
from collections.abc import AsyncGenerator
from dataclasses import fields
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import get, post
from litestar.params import JSONBody

from app.api import gateway, v1, voice
from app.api.access import OPEN, AccessNotSaid
from app.api.asgi import AsgiApp
from app.api.family import Family
from app.core.clock import utc_now
from app.core.errors import Conflict, RateLimited, Unavailable
from app.core.limits import LocalLimiter
from app.core.metrics import Metrics
from app.core.settings import load
from app.core.tracing import Tracing
from app.main import create_app
from app.runtime import Runtime


class Person(msgspec.Struct):
    name: str
    age: int


class SeatTaken(Conflict):
    pass


@post("/api/voice/people", opt=OPEN)
async def add_person(data: JSONBody[Person]) -> Person:
    return data


@get("/api/voice/broken", opt=OPEN)
async def broken() -> None:
    raise RuntimeError("password=hunter2")


@get("/api/voice/away", opt=OPEN)
async def away() -> None:
    try:
        raise OSError("connection refused\n[parameters: ('hunter2',)]")
    except OSError as error:
        raise Unavailable("the database does not answer") from error


@get("/api/v1/taken", opt=OPEN)
async def taken() -> None:
    raise SeatTaken("the seat is taken", seat="4A")


@get("/api/v1/limited", opt=OPEN)
async def limited() -> None:
    raise RateLimited("Rate limit exceeded: 10/minute", retry_after_s=7)


FAMILIES = (
    gateway.FAMILY,
    Family("voice", "", "", ("/api/voice",), voice.error_body, (add_person, broken, away)),
    Family("v1", "", "", ("/api/v1",), v1.error_body, (taken, limited)),
)


def runtime() -> Runtime:
    """No route of this test asks for the services that are not named here."""
    services = dict.fromkeys((field.name for field in fields(Runtime)), cast("Any", None))
    return Runtime(
        **services
        | {
            "version": "test",
            "started_at": utc_now(),
            "settings": load({"PARLEY_MAX_BODY_MB": "1"}),
            "metrics": Metrics("test"),
            "tracing": Tracing(None, "test"),
            "limiter": LocalLimiter(),
            "readiness": {},
        }
    )


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    app: AsgiApp = create_app(runtime(), FAMILIES)
    transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://parley") as client:
        yield client


@pytest.mark.inventory("NN-224", "VA-093")
@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"name": "Ada", "age": "x"}', "age"),
        (b'{"name": "Ada"}', "age"),
        (b'{"age": 3}', "name"),
        (b'{"name": 3, "age": 3}', "name"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, body: bytes, named: str) -> None:
    answer = await client.post("/api/voice/people", content=body)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"name": "\\ud800", "age": 1}', b"[" * 100_000],
)
async def test_a_body_that_is_no_person_is_a_4xx(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/voice/people", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail"}


async def test_a_body_over_the_limit_is_413_with_and_without_a_length(
    client: httpx.AsyncClient,
) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    declared = await client.post("/api/voice/people", content=b"x" * 2_000_000)
    streamed = await client.post("/api/voice/people", content=pieces())
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert "detail" in declared.json()


@pytest.mark.inventory("VA-098")
async def test_a_defect_is_a_500_that_does_not_say_its_cause(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/api/voice/broken")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal server error"})
    assert "RuntimeError" in caplog.text
    assert "Traceback" in caplog.text


async def test_what_is_away_is_a_503_that_is_logged_in_one_line_with_its_cause(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/api/voice/away")
    assert (answer.status_code, answer.json()) == (503, {"detail": "the database does not answer"})
    (line,) = caplog.text.splitlines()
    assert line.endswith(
        "a request failed: app.core.errors.Unavailable: the database does not answer, "
        "because of OSError: connection refused"
    )


async def test_a_business_fact_keeps_its_status_and_details(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/taken")
    body = answer.json()
    assert answer.status_code == 409
    assert (body["success"], body["error"]) == (False, "the seat is taken")
    assert body["details"] == {"seat": "4A"}


@pytest.mark.inventory("NN-228", "VA-097")
async def test_who_is_limited_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/limited")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"] == "Rate limit exceeded: 10/minute"


def test_a_route_that_does_not_say_who_may_call_it_is_not_served() -> None:
    @get("/api/v1/forgotten")
    async def forgotten() -> None:
        """Nobody thought of who may call it."""

    family = Family("v1", "", "", ("/api/v1",), v1.error_body, (forgotten,))
    with pytest.raises(AccessNotSaid, match="/api/v1/forgotten"):
        create_app(runtime(), (gateway.FAMILY, family))
