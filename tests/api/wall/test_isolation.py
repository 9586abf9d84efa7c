"""Nothing crosses the wall between organizations: for every route that takes an id, the owner of
organization A, its API key, the operator and a stranger try what belongs to organization B."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg import sql

from app.tables import METADATA
from tests.api.wall.routes import Route, ids_of, routes
from tests.api.wall.world import Organization, World, world
from tests.integration.wall.rows import owner_column

NO_IDS = {
    "GET /openapi/{file}",
    "GET /docs/{name}",
    "GET /ui/{version}/{asset}",
    "GET /tts/voices/{voice}/sample",
    "GET /bot/api/recordings/{ticket}",
    "POST /auth/tokens",
    "PUT /agent/tools/{tool_name}",
    "PUT /agent/secrets/{secret_name}",
    "POST /agent/process",
    "POST /agent/route/stream",
    "POST /agent/voice-agent/chat/stream",
}
"""What they take is a name: of a page, of everybody's voice, of what it opens by itself, or one
that the operator or an organization makes up."""

ALLOWED_TO_CHANGE = {
    ("operator", "DELETE /auth/organizations/{org_id}/phone-numbers/{phone_number}")
}
"""What they do to every organization is theirs to do."""

LATER = {"usage", "inbox"}
"""Written a moment after what they tell of."""
CALLERS = ("owner", "key", "operator", "anonymous")
VOLATILE = {"last_used_at", "last_login_at"}


def attacks(
    route: Route, own: Mapping[str, UUID | str], others: Mapping[str, UUID | str]
) -> Iterator[Any]:
    """Every way to name at least one thing of the other: also its thing in one's own place."""
    names = [*dict.fromkeys([*route.path_ids, *route.body_ids])]
    unknown = [name for name in names if name not in others]
    assert not unknown, f"{route} takes {unknown}: say in ids_of what that is"
    for choice in product((others, own), repeat=len(names)):
        if others in choice:
            yield {name: ids[name] for name, ids in zip(names, choice, strict=True)}


def expected(route: Route, caller: str) -> set[int]:
    access = route.access
    if caller == "operator" and "/phone-numbers/" in route.path:
        return {200, 404, 409}  # they are the operator's; each rings at one organization and agent
    if caller == "operator" and route.path.startswith("/auth/organizations/"):
        return {200}  # the quotas of every organization are the operator's
    if caller == "owner" and access.by_session:
        return {404}
    if caller == "operator" and access.by_key:
        return {404}
    if caller == "key" and access.by_key:
        return {403} if access.permission and access.permission.value == "operate" else {404}
    return {401, 403}


async def snapshot(url: str, organization: Organization) -> dict[str, list[Any]]:
    """Every row of the organization and its people, but for the traces that use leaves."""
    people = [person.user_id for person in organization.people.values()]
    found: dict[str, list[Any]] = {}
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for table in METADATA.sorted_tables:
            column = owner_column(table)
            if column is None or table.name in LATER:
                continue
            query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE {} = ANY(%s) ORDER BY 1").format(
                sql.Identifier(table.name), sql.Identifier(column)
            )
            rows = await (await connection.execute(query, [[organization.id, *people]])).fetchall()
            found[table.name] = [
                {name: value for name, value in row.items() if name not in VOLATILE}
                for (row,) in rows
            ]
    return found


def client_of(
    parley: World, organization: Organization, caller: str
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    if caller == "owner":
        return parley.client(person=organization.people["owner"])
    tokens = {"key": organization.key, "operator": parley.operator}
    return parley.client(token=tokens.get(caller, ""))


async def test_no_route_lets_anybody_reach_into_another_organization(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    wrong: list[str] = []
    tried: set[Route] = set()
    async with world(embedded_superuser_url, tmp_path) as parley:
        attacker, victim = await parley.organization(), await parley.organization()
        own, others = ids_of(attacker), ids_of(victim)
        before = await snapshot(embedded_superuser_url, victim)
        for route in routes(parley.app):
            if not route.takes_ids or str(route) in NO_IDS:
                continue
            callers = (who for who in CALLERS if (who, str(route)) not in ALLOWED_TO_CHANGE)
            for ids, caller in product(attacks(route, own, others), callers):
                async with client_of(parley, attacker, caller) as client:
                    answer = await client.request(
                        route.method, route.url(ids), json=route.body(ids) if route.fields else None
                    )
                if answer.status_code not in expected(route, caller):
                    wrong.append(f"{caller}: {route} -> {answer.status_code} {answer.text[:200]}")
            if await snapshot(embedded_superuser_url, victim) != before:
                wrong.append(f"{route} changed what is another organization's")
                before = await snapshot(embedded_superuser_url, victim)
            tried.add(route)
    assert tried
    assert not wrong, "\n".join(wrong)
