"""The rates of single routes and of the gateway, on a clock that stands still."""

from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from litestar import Response, route

from app.api import gateway, v1, voice
from app.api.access import OPEN
from app.api.asgi import Message, Scope
from app.api.family import Family
from app.api.forwarded import Forwarded
from app.core.limits import LocalLimiter
from app.core.proxies import TrustedProxies
from app.core.settings import load
from app.main import create_app
from tests.unit.api.test_answers import runtime

TABLE = [
    pytest.param("POST", "/flows/{uuid}/launch", 5, marks=pytest.mark.inventory("NN-232")),
    pytest.param("POST", "/flows/{uuid}/stop", 5, marks=pytest.mark.inventory("NN-233")),
    pytest.param("POST", "/customers/bulk", 10, marks=pytest.mark.inventory("NN-234")),
    pytest.param("POST", "/customers/import", 5, marks=pytest.mark.inventory("NN-235")),
    pytest.param("POST", "/customers", 60, marks=pytest.mark.inventory("NN-236")),
    pytest.param("PATCH", "/customers/{uuid}", 60, marks=pytest.mark.inventory("NN-237")),
    pytest.param("POST", "/models/speakers", 5, marks=pytest.mark.inventory("NN-238")),
    pytest.param(
        "POST", "/models/speakers/{name}/deploy", 5, marks=pytest.mark.inventory("NN-239")
    ),
    pytest.param(
        "POST", "/models/speakers/{name}/dataset/sample", 30, marks=pytest.mark.inventory("NN-240")
    ),
    pytest.param("POST", "/calls/{uuid}/transfer", 10, marks=pytest.mark.inventory("NN-241")),
    pytest.param("POST", "/calls/{uuid}/end", 10, marks=pytest.mark.inventory("NN-242")),
    pytest.param("GET", "/calls/agent-availability", 30, marks=pytest.mark.inventory("NN-243")),
    pytest.param("POST", "/calls/{uuid}/metadata", 30, marks=pytest.mark.inventory("NN-244")),
    pytest.param("POST", "/webhooks", 20, marks=pytest.mark.inventory("NN-245")),
    pytest.param("POST", "/agents", 20, marks=pytest.mark.inventory("NN-246")),
    pytest.param("POST", "/flows", 20, marks=pytest.mark.inventory("NN-247")),
]


@route(
    [
        "/api/voice/{one:str}",
        "/api/voice/{one:str}/{two:str}",
        "/api/voice/{one:str}/{two:str}/{three:str}",
        "/api/voice/{one:str}/{two:str}/{three:str}/{four:str}",
        "/api/voice/{one:str}/{two:str}/{three:str}/{four:str}/{five:str}",
    ],
    http_method=["GET", "POST", "PATCH"],
    opt=OPEN,
    status_code=200,
)
async def whatever() -> Response[str]:
    """Stands for every route of the family, since most are still to come."""
    return Response("done")


FAMILIES = (
    gateway.FAMILY,
    Family(
        "voice",
        "",
        "",
        voice.FAMILY.prefixes,
        voice.error_body,
        (whatever,),
        voice.FAMILY.rate,
        voice.FAMILY.route_rates,
    ),
    v1.FAMILY,
)


class Caller:
    """Asks the application from one address, as a server would hand the request on."""

    def __init__(self, **settings: str) -> None:
        self._runtime = replace(
            runtime(), limiter=LocalLimiter(lambda: 1_000_000_020.0), settings=load(settings)
        )
        proxies = TrustedProxies.parse(settings.get("PARLEY_TRUSTED_PROXIES", ""))
        self._app = Forwarded(cast("Any", create_app(self._runtime, FAMILIES)), proxies)

    async def ask(
        self, method: str, path: str, address: str = "203.0.113.1", **headers: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=cast("Any", self._app), client=(address, 1))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, f"http://parley{path}", headers=named)

    async def allowed(self, *request: str, most: int = 200, **headers: str) -> int:
        """How many times in a row the answer is not 429."""
        for count in range(most):
            if (await self.ask(*request, **headers)).status_code == 429:
                return count
        return most


def filled(template: str, with_: str = "one") -> str:
    return "/api/voice" + template.replace("{uuid}", with_).replace("{name}", with_)


@pytest.mark.inventory("NN-005", "NN-228")
@pytest.mark.parametrize(("method", "template", "count"), TABLE)
async def test_each_route_of_the_table_is_held_to_its_rate(
    method: str, template: str, count: int
) -> None:
    caller = Caller()
    assert await caller.allowed(method, filled(template)) == count
    refusal = await caller.ask(method, filled(template, "another"))
    assert refusal.status_code == 429
    assert refusal.json() == {"detail": f"Rate limit exceeded: {count}/minute"}
    assert int(refusal.headers["retry-after"]) >= 1
    assert (await caller.ask(method, filled(template), "203.0.113.2")).status_code == 200


def test_the_table_is_whole() -> None:
    assert len(voice.FAMILY.route_rates) == len(TABLE)


async def test_a_route_beside_those_of_the_table_has_the_rate_of_the_family() -> None:
    for method, path in [
        ("GET", "/api/voice/flows"),
        ("POST", "/api/voice/calls/agent-availability"),
        ("GET", "/api/voice/calls/one/transfer"),
        ("POST", "/api/voice/customers/one"),
        ("POST", "/api/voice/flows/one/launch/again"),
    ]:
        assert await Caller().allowed(method, path) == 100


async def test_the_rate_of_the_family_counts_what_a_route_allows_too() -> None:
    caller = Caller()
    assert await caller.allowed("POST", "/api/voice/customers") == 60
    assert await caller.allowed("GET", "/api/voice/customers") == 100 - 61


@pytest.mark.parametrize(
    "slashes", ["//api/voice/flows", "/api//voice/flows/", "/api/voice/flows//"]
)
async def test_slashes_that_the_router_forgives_do_not_escape_the_rate(slashes: str) -> None:
    caller = Caller()
    assert (await caller.ask("POST", slashes)).status_code == 200
    assert await caller.allowed("POST", "/api/voice/flows") == 19
    assert (await caller.ask("POST", slashes)).status_code == 429


async def test_ipv6_callers_of_one_network_share_a_count() -> None:
    caller = Caller()
    assert await caller.allowed("POST", "/api/voice/flows", "2001:db8:0:1::1") == 20
    same = await caller.ask("POST", "/api/voice/flows", "2001:db8:0:1:ffff::1")
    other = await caller.ask("POST", "/api/voice/flows", "2001:db8:0:2::1")
    assert (same.status_code, other.status_code) == (429, 200)


async def test_what_a_stranger_forwards_is_not_believed() -> None:
    caller = Caller(PARLEY_TRUSTED_PROXIES="10.0.0.0/8")
    for number in range(20):
        forged = f"203.0.113.{number}"
        await caller.ask("POST", "/api/voice/flows", "198.51.100.1", x_forwarded_for=forged)
    refused = await caller.ask(
        "POST", "/api/voice/flows", "198.51.100.1", x_forwarded_for="203.0.113.99"
    )
    assert refused.status_code == 429


async def test_behind_a_trusted_proxy_each_client_is_counted_for_itself() -> None:
    caller = Caller(PARLEY_TRUSTED_PROXIES="10.0.0.0/8")
    path = ("POST", "/api/voice/flows", "10.0.0.1")
    assert await caller.allowed(*path, x_forwarded_for="6.6.6.6, 203.0.113.7") == 20
    rewritten = await caller.ask(*path, x_forwarded_for="7.7.7.7, 203.0.113.7, 10.0.0.2")
    another = await caller.ask(*path, x_forwarded_for="6.6.6.6, 203.0.113.8")
    assert (rewritten.status_code, another.status_code) == (429, 200)


async def test_only_a_trusted_proxy_says_that_the_request_came_by_https() -> None:
    caller = Caller(PARLEY_TRUSTED_PROXIES="10.0.0.0/8")
    for address, is_https in (("10.0.0.1", True), ("198.51.100.1", False)):
        answer = await caller.ask("GET", "/api/voice/flows", address, x_forwarded_proto="https")
        assert ("strict-transport-security" in answer.headers) is is_https


@pytest.mark.inventory("WH-011")
async def test_the_gateway_has_the_rate_that_is_set() -> None:
    caller = Caller(PARLEY_GATEWAY_RATE_PER_MINUTE="3")
    assert await caller.allowed("GET", "/ready", authorization="Bearer wh_one") == 3
    refusal = await caller.ask("GET", "/ready", authorization="Bearer wh_one")
    assert refusal.json()["error"] == "Rate limit exceeded: 3/minute"
    assert refusal.json()["code"] == "rate_limited"
    assert await caller.allowed("GET", "/ready", authorization="Bearer wh_two") == 3
    assert await caller.allowed("GET", "/ready") == 3
    assert await Caller(PARLEY_GATEWAY_RATE_PER_MINUTE="0").allowed("GET", "/ready") == 200


async def test_a_websocket_over_the_rate_is_refused_with_the_same_answer() -> None:
    limited = replace(gateway.FAMILY, routes=())
    settings = load({"PARLEY_GATEWAY_RATE_PER_MINUTE": "1"})
    app = create_app(replace(runtime(), settings=settings), (limited,))
    statuses: list[Any] = []
    for _ in range(2):
        scope: Scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/live",
            "raw_path": b"/live",
            "query_string": b"",
            "headers": [],
            "client": ("203.0.113.1", 1),
            "extensions": {"websocket.http.response": {}},
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await app(scope, receive, send)
        statuses.append(sent[0].get("status"))
    assert statuses[1] == 429
