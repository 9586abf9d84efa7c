"""Telephone numbers that ring here: the operator, whose account at Twilio they belong to, says at
which organization and agent."""

from dataclasses import replace
from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import ADMIN
from app.api.gateway.auth import TENANT
from app.api.gateway.bodies import Done
from app.core.scope import OrgScope
from app.runtime import Runtime

PATH = "/auth/organizations/{org_id:uuid}/phone-numbers"


class RingsAt(msgspec.Struct, frozen=True):
    agent_id: UUID


class NumberAnswer(msgspec.Struct, frozen=True):
    phone_number: str
    agent_id: UUID


class NumbersAnswer(msgspec.Struct, frozen=True):
    phone_numbers: list[NumberAnswer]


@get(PATH, opt=ADMIN, dependencies=TENANT)
async def list_numbers(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], org_id: FromPath[UUID]
) -> NumbersAnswer:
    """Those that ring at the organization."""
    async with runtime.database.transaction(replace(tenant, org_id=org_id)) as tx:
        found = await runtime.calling.phone.numbers.list(tx)
    return NumbersAnswer([NumberAnswer(each.number, each.agent_id) for each in found])


@put(f"{PATH}/{{phone_number:str}}", opt=ADMIN, dependencies=TENANT)
async def put_number(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    org_id: FromPath[UUID],
    phone_number: FromPath[str],
    data: JSONBody[RingsAt],
) -> NumberAnswer:
    """One that rings at another organization must be deleted there first."""
    async with runtime.database.transaction(replace(tenant, org_id=org_id)) as tx:
        kept = await runtime.calling.phone.numbers.put(tx, phone_number, data.agent_id)
    return NumberAnswer(kept.number, kept.agent_id)


@delete(f"{PATH}/{{phone_number:str}}", opt=ADMIN, dependencies=TENANT, status_code=200)
async def delete_number(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    org_id: FromPath[UUID],
    phone_number: FromPath[str],
) -> Done:
    """It rings nowhere then."""
    async with runtime.database.transaction(replace(tenant, org_id=org_id)) as tx:
        await runtime.calling.phone.numbers.delete(tx, phone_number)
    return Done()


ROUTES = (list_numbers, put_number, delete_number)
