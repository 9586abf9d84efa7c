"""What a hostile client sends: every field of every body in every wrong way, and bodies that are no
bodies. Each gets a 4xx that names the field, and never a 500."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.wall.routes import Route, ids_of, routes
from tests.api.wall.world import Organization, World, world

NUL = "nul\0byte"
MUST_BE_REFUSED: tuple[Any, ...] = (NUL, {"a": {}}, [["x"]])
MUST_BE_SURVIVED: tuple[Any, ...] = (
    "\ud800",
    None,
    True,
    -1,
    2**70,
    "",
    " ",
    "x" * 100_000,
    "a\r\nBcc: everybody@example.com",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "admin\N{CYRILLIC SMALL LETTER A}@example.com",
    "a@b@c",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "\N{PILE OF POO}" * 300,
)
NO_BODIES = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'"text"',
    b"\xff\xfe",
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b"[" * 100_000,
    b'{"name":"a","name":"b","email":"a@b.c","email":"d@e.f"}',
    b'{"name":"' + b"x" * (17 * 1024 * 1024) + b'"}',
)
SECRETS = {"token", "password", "new_password", "current_password"}
"""Of these a wrong one is wrong, whatever it looks like."""
FREE_FORM = {"context", "metadata", "requestData"}
"""Fields whose content is the client's own."""


@pytest.mark.timeout(600)
async def test_every_wrong_field_of_every_body_is_a_4xx_that_names_it(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    wrong: list[str] = []
    async with world(embedded_superuser_url, tmp_path) as parley:
        for route in with_bodies(parley):
            for field in route.fields - FREE_FORM:
                organization = await parley.organization()
                ids = ids_of(organization)
                url, body = route.url(ids), route.body(ids)
                for value in (*MUST_BE_REFUSED, *MUST_BE_SURVIVED):
                    answer = await sent(parley, organization, route, url, {**body, field: value})
                    must = value in MUST_BE_REFUSED and not (field in SECRETS and value == NUL)
                    if not is_clear(answer, field, must=must):
                        wrong.append(f"{route} {field}={value!r:.40} -> {said(answer)}")
    assert not wrong, "\n".join(wrong)


async def test_what_is_no_body_is_a_4xx(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    wrong: list[str] = []
    async with world(embedded_superuser_url, tmp_path) as parley:
        organization = await parley.organization()
        ids = ids_of(organization)
        for route in with_bodies(parley):
            for content in NO_BODIES:
                answer = await sent(parley, organization, route, route.url(ids), content)
                if answer.status_code >= 500:
                    wrong.append(f"{route} {content[:20]!r} -> {said(answer)}")
    assert not wrong, "\n".join(wrong)


def with_bodies(parley: World) -> Iterator[Route]:
    return (route for route in routes(parley.app) if route.fields)


async def sent(
    parley: World, organization: Organization, route: Route, url: str, body: Any
) -> httpx.Response:
    """By who may do most: the owner, or the operator."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    access = route.access
    person = organization.people["owner"] if access.by_session else None
    token = parley.operator if access.by_key and not access.by_session else ""
    async with parley.client(person=person, token=token) as client:
        headers = {"Content-Type": "application/json"}
        return await client.request(route.method, url, content=content, headers=headers)


def is_clear(answer: httpx.Response, field: str, *, must: bool) -> bool:
    if answer.status_code >= 500:
        return answer.status_code == 503 and not must  # well formed, and nobody can be called here
    return not must or (answer.status_code in {400, 404, 422} and field in answer.text)


def said(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:150]}"
