"""Signed-in users of a live Parley, made beside it on its own database."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from app import VERSION, wiring
from app.api.callers import ACCESS_COOKIE
from app.core import settings
from app.core.scope import UserScope
from app.tenancy.domain.principals import Device
from app.tenancy.store.rows import UserRow
from app.wiring import Foundation
from tests.api.conftest import LiveServer

TOKEN = re.compile(r"accept-invitation\?token=(\S+)")


@dataclass(frozen=True)
class Person:
    id: str
    email: str
    client: httpx.AsyncClient


@dataclass(frozen=True)
class People:
    server: LiveServer
    base: Foundation
    clients: list[httpx.AsyncClient]

    async def person(self, *, name: str = "", guest: bool = False) -> Person:
        user_id = uuid4()
        email = f"{user_id}@bank.example"
        async with self.base.database.transaction(UserScope(user_id)) as tx:
            tx.session.add(
                UserRow(
                    id=user_id,
                    email=None if guest else email,
                    name=name,
                    auth_provider="guest" if guest else "password",
                )
            )
            await tx.session.flush()
            tokens = await self.base.sessions.open(tx, Device(), org_id=None)
        client = httpx.AsyncClient(base_url=self.server.url, cookies={ACCESS_COOKIE: tokens.access})
        self.clients.append(client)
        return Person(str(user_id), email, client)

    async def owner(self, **organization: Any) -> tuple[Person, Mapping[str, Any]]:
        """Somebody with an organization."""
        person = await self.person(name="Ada")
        return person, await create(person, **organization)

    async def member(self, by: Person, org_id: str, role: str) -> Person:
        """Somebody who was invited and came."""
        person = await self.person()
        invited = await by.client.post(
            f"/bot/api/orgs/{org_id}/invitations", json={"email": person.email, "role": role}
        )
        assert invited.status_code == 201, invited.text
        token = await self.token_sent_to(person.email)
        accepted = await person.client.post("/bot/api/invitations/accept", json={"token": token})
        assert accepted.status_code == 200, accepted.text
        return person

    async def token_sent_to(self, email: str) -> str:
        newest = next(each for each in await self.base.mail.list() if each.recipient == email)
        body = (await self.base.mail.get(newest.id))[1]
        assert body is not None
        return TOKEN.findall(body.text)[0]


async def create(person: Person, **fields: Any) -> Mapping[str, Any]:
    made = await person.client.post("/bot/api/orgs", json={"name": "Bank"} | fields)
    assert made.status_code == 201, made.text
    return made.json()


@asynccontextmanager
async def people_of(server: LiveServer) -> AsyncGenerator[People]:
    chosen = settings.load({"PARLEY_DATA_DIR": server.data_dir})
    async with wiring.foundation(chosen, VERSION, join=True) as base:
        people = People(server, base, [])
        yield people
        for client in people.clients:
            await client.aclose()
