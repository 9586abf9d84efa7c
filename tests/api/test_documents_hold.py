"""Every operation of every OpenAPI document, called with what the document allows and with what it
does not: no 5xx, no status, content type or body that the document does not name."""

from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from app.main import FAMILIES
from tests.api.conftest import LiveServer

EXAMPLES = 15
LONGEST_URL = 65_535
"""Beyond it the HTTP parser refuses before any route, in plain text."""

load_all_checks()

HELD = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def cookie(server: LiveServer) -> str:
    """Of a user who owns an organization."""
    new = {"email": "documents@example.com", "password": "correct horse battery"}
    with httpx.Client(base_url=f"{server.url}/bot/api/auth") as client:
        assert client.post("/signup", json=new).status_code == 201
        tokens = client.post("/login", json=new).cookies
    return f"access_token={tokens['access_token']}"


def operations(server: LiveServer, family: str) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi/{family}.json")
    return [result.ok() for result in schema.get_all_operations()]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
@pytest.mark.parametrize("mode", GenerationMode)
def test_no_operation_answers_what_its_document_does_not_say(
    server: LiveServer, cookie: str, family: str, mode: GenerationMode
) -> None:
    callers = [{"Authorization": f"Bearer {server.token}"}, {"Cookie": cookie}, {}]
    for operation in operations(server, family):
        calls(operation, mode, callers)


def calls(operation: Any, mode: GenerationMode, callers: list[dict[str, str]]) -> None:
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        for headers in callers:
            response = case.call(headers=headers)
            if len(response.request.path_url) > LONGEST_URL:
                assert response.status_code == 400
            else:
                case.validate_response(response, checks=HELD)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that takes nothing
        call()
