"""Each family answers in its own body, also where no route was found."""

import asyncio
from uuid import UUID

import httpx
import pytest


@pytest.mark.inventory("NN-226", "VA-096", "CF-022", "CF-034")
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_404_has_the_body_of_the_family(client: httpx.AsyncClient, method: str) -> None:
    voice = await client.request(method, "/api/voice/nothing")
    v1 = await client.request(method, "/api/v1/nothing")
    session = await client.request(method, "/api/v1/session/nothing/at/all")
    gateway = await client.request(method, "/nothing")
    assert {answer.status_code for answer in (voice, v1, session, gateway)} == {404}
    assert voice.json() == {"detail": "Not Found"}
    assert set(v1.json()) == {"success", "error", "details", "meta"}
    assert v1.json()["success"] is False
    assert v1.json()["meta"]["request_id"] == v1.headers["x-request-id"]
    assert v1.json()["meta"]["timestamp"].endswith("Z")
    assert session.json() == {"error": "Not Found"}
    assert gateway.json()["code"] == "not_found"


async def test_405_has_the_body_of_the_family_and_says_what_is_allowed(
    client: httpx.AsyncClient,
) -> None:
    session = await client.post("/health")
    gateway = await client.delete("/ready")
    assert (session.status_code, gateway.status_code) == (405, 405)
    assert session.json() == {"error": "Method Not Allowed"}
    assert gateway.json()["code"] == "method_not_allowed"
    assert "GET" in session.headers["allow"]


@pytest.mark.inventory("SO-002", "SO-050", "CF-006", "EX-003")
async def test_health_needs_no_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["service"]) == ("healthy", "pipecat")
    assert set(body) == {"status", "service", "version", "timestamp"}


@pytest.mark.inventory("SO-003", "CF-005")
async def test_the_two_statuses_do_not_meet(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    session = (await client.get("/status")).json()
    asr = (await admin.get("/asr/status")).json()
    assert set(session) == {"service", "version", "status", "active_sessions", "timestamp"}
    assert session["active_sessions"] == 0
    assert {"models", "memory_bytes", "uptime_s"} <= set(asr)
    assert asr["uptime_s"] > 0


async def test_ready_says_what_it_checked(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while (answer := await client.get("/ready")).status_code == 503:
            assert "Parley is starting" in answer.json()["checks"]["models"]
            await asyncio.sleep(0.1)
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "models": "ok"}}


@pytest.mark.inventory("WH-007", "EX-004", "NN-225")
@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "API token required"),
        ({"Authorization": "Basic YTpi"}, "API token required"),
        ({"Authorization": "Bearer wh_wrong"}, "Invalid or expired token"),
        ({"Authorization": b"Bearer \xff\xfe"}, "Invalid or expired token"),
        ({"Authorization": "Bearer " + "x" * 7000}, "Invalid or expired token"),
    ],
)
async def test_a_token_is_asked_for(
    client: httpx.AsyncClient, headers: dict[str, str | bytes], sentence: str
) -> None:
    answer = await client.get("/asr/status", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"] == sentence
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_metrics_are_for_the_admin_and_count_the_templates(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert (await client.get("/metrics")).status_code == 401
    await client.get("/some/path/that/nobody/has")
    text = (await admin.get("/metrics")).text
    counted = 'parley_http_request_duration_seconds_count{family="gateway",route="unmatched"'
    assert f'{counted},status="404"}}' in text
    assert "nobody" not in text


async def test_the_request_id_of_the_caller_is_kept_where_it_is_harmless(
    client: httpx.AsyncClient,
) -> None:
    kept = await client.get("/health", headers={"X-Request-ID": "call-42.a_b"})
    assert kept.headers["x-request-id"] == "call-42.a_b"
    made = await client.get("/health", headers={"X-Request-ID": "a b<script>"})
    assert UUID(made.headers["x-request-id"])


async def test_security_headers_are_on_every_answer(client: httpx.AsyncClient) -> None:
    for path in ("/health", "/nothing", "/docs", "/docs/page.js"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers
    page = (await client.get("/docs")).headers
    assert (page["x-frame-options"], page["referrer-policy"]) == ("DENY", "no-referrer")
    assert page["content-security-policy"].startswith("default-src 'self'")
    api = (await client.get("/health")).headers
    assert api["content-security-policy"].startswith("default-src 'none'")


OURS = {"Origin": "http://localhost:3000"}


async def test_a_page_of_the_front_end_may_read_answers(client: httpx.AsyncClient) -> None:
    for path in ("/health", "/api/v1/nothing"):
        headers = (await client.get(path, headers=OURS)).headers
        assert headers["access-control-allow-origin"] == OURS["Origin"]
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["vary"] == "origin"


async def test_a_page_of_the_front_end_may_ask_first(client: httpx.AsyncClient) -> None:
    asks = OURS | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-device-id",
    }
    answer = await client.options("/asr/transcribe", headers=asks)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == OURS["Origin"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization, x-device-id"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:30000", "http://localhost:3000.x"]
)
async def test_a_page_from_elsewhere_may_not(client: httpx.AsyncClient, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = await client.request(method, "/health", headers=headers)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("family", ["gateway", "voice", "v1", "session"])
async def test_every_family_has_an_openapi_document(client: httpx.AsyncClient, family: str) -> None:
    answer = await client.get(f"/openapi/{family}.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


async def test_the_session_document_lists_its_routes_and_no_others(
    client: httpx.AsyncClient,
) -> None:
    paths = (await client.get("/openapi/session.json")).json()["paths"]
    assert set(paths) == {
        "/health",
        "/status",
        "/api/v1/session/create",
        "/api/v1/session/{voice_session_id}/info",
        "/api/v1/session/{voice_session_id}/interrupt",
    }
    assert "parameters" not in paths["/health"]["get"] or not paths["/health"]["get"]["parameters"]


async def test_an_unknown_family_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi/nothing.json")
    assert answer.status_code == 404
    assert "nothing" in answer.json()["error"]


async def test_the_documentation_page_asks_nobody_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text.replace("<!doctype html>", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "page.js"):
        assert (await client.get(f"/docs/{asset}")).status_code == 200
    assert (await client.get("/docs/%2e%2e%2fmain.py")).status_code == 404
