"""Customers of an organization, one by one and from files."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from app.api.access import permitted
from app.api.described import form_of
from app.api.gateway.asr_answers import NotAppliedAnswer
from app.api.gateway.auth import TENANT
from app.api.gateway.unknown_fields import unknown_fields
from app.api.uploads import Form, opened_form, stream_of
from app.calls.customers.domain import (
    MOST_LISTED,
    Customer,
    CustomerInvalid,
    CustomerQuery,
    Language,
)
from app.calls.customers.importing import MOST_BYTES, ImportAsked
from app.calls.customers.service import Imported
from app.core.misfits import misfit
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission

AnyRequest = Request[Any, Any, Any]

PATH = "/bot/api/customers"
ONE = f"{PATH}/{{customer_id:uuid}}"
SEEN = permitted(Permission.READ)
CHANGED = permitted(Permission.WRITE)
PageSize = Annotated[int, QueryParameter(ge=1, le=MOST_LISTED)]
Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
Words = Annotated[str, QueryParameter(max_length=100)]
JSON: dict[str, Any] = {"application/json": {"schema": msgspec.json.schema(Imported)}}


class CustomerFields(msgspec.Struct, frozen=True, kw_only=True):
    """A name, a phone number or an e-mail address is needed. `preferred_language`: another name of
    `language`. `metadata`: whatever the organization wants to keep."""

    name: str | UnsetType = UNSET
    phone_number: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    notes: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    preferred_language: Language | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    agent_id: UUID | UnsetType | None = UNSET

    def given(self) -> dict[str, Any]:
        """As `CustomerDetails` names them."""
        fields = msgspec.structs.asdict(self)
        del fields["agent_id"]
        preferred = fields.pop("preferred_language")
        if self.language is UNSET:
            fields["language"] = preferred
        return {name: value for name, value in fields.items() if value is not UNSET}


class CustomerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`not_applied`: fields that were sent and are not kept."""

    id: UUID
    name: str
    phone_number: str | None
    email: str | None
    notes: str
    language: str
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    agent_id: UUID | None
    created_at: datetime
    changed_at: datetime
    not_applied: list[NotAppliedAnswer]


class CustomerSettings(msgspec.Struct, frozen=True):
    """`country_code`: such as 49, where numbers without + are dialled; empty: they are refused."""

    country_code: str


def _query(
    limit: PageSize = MOST_LISTED,
    offset: Offset = 0,
    search: Words = "",
    tag: Words = "",
    agent_id: FromQuery[UUID | None] = None,
) -> CustomerQuery:
    return CustomerQuery(limit, offset, search, tag, agent_id)


QUERY = {"wanted": Provide(_query, sync_to_thread=False)}


@get(PATH, opt=SEEN, dependencies=TENANT | QUERY)
async def list_customers(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    wanted: NamedDependency[CustomerQuery],
) -> list[CustomerAnswer]:
    """The newest first. `search`: in name, phone number, e-mail address and tags."""
    return [_shown(found) for found in await runtime.calling.customers.list(tenant, wanted)]


@post(PATH, opt=CHANGED, dependencies=TENANT)
async def create_customer(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[CustomerFields],
) -> CustomerAnswer:
    """A phone number belongs to one customer."""
    agent_id = None if data.agent_id is UNSET else data.agent_id
    async with runtime.database.transaction(tenant) as tx:
        made = await runtime.calling.customers.create(tx, data.given(), agent_id)
    return _shown(made, await unknown_fields(request, CustomerFields))


@get(ONE, opt=SEEN, dependencies=TENANT)
async def get_customer(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    customer_id: FromPath[UUID],
) -> CustomerAnswer:
    async with runtime.database.transaction(tenant) as tx:
        return _shown(await runtime.calling.customers.get(tx, customer_id))


@patch(ONE, opt=CHANGED, dependencies=TENANT)
async def change_customer(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    customer_id: FromPath[UUID],
    data: JSONBody[CustomerFields],
) -> CustomerAnswer:
    """What is left out stays; null takes away a number, an address or the agent."""
    async with runtime.database.transaction(tenant) as tx:
        changed = await runtime.calling.customers.change(
            tx, customer_id, data.given(), data.agent_id
        )
    return _shown(changed, await unknown_fields(request, CustomerFields))


@delete(ONE, opt=CHANGED, dependencies=TENANT)
async def delete_customer(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    customer_id: FromPath[UUID],
) -> None:
    async with runtime.database.transaction(tenant) as tx:
        await runtime.calling.customers.delete(tx, customer_id)


@post(
    f"{PATH}/import",
    opt=CHANGED,
    dependencies=TENANT,
    status_code=200,
    request_max_body_size=None,
    operation_class=form_of(ImportAsked, JSON),
)
async def import_customers(
    request: AnyRequest, runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> Imported:
    """Of a CSV file with a header, row by row. `mapping` is JSON: of each column what it holds."""
    async with opened_form(request, max_bytes=MOST_BYTES) as form:
        file = stream_of(form.file("file"))
        return await runtime.calling.customers.import_file(tenant, file, _asked(form))


@get(f"{PATH}/settings", opt=SEEN, dependencies=TENANT)
async def get_customer_settings(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> CustomerSettings:
    async with runtime.database.transaction(tenant) as tx:
        return CustomerSettings(await runtime.calling.customers.country_code(tx))


@put(f"{PATH}/settings", opt=CHANGED, dependencies=TENANT)
async def put_customer_settings(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[CustomerSettings],
) -> CustomerSettings:
    """Numbers that are there stay as they are."""
    async with runtime.database.transaction(tenant) as tx:
        return CustomerSettings(
            await runtime.calling.customers.set_country_code(tx, data.country_code)
        )


def _asked(form: Form) -> ImportAsked:
    fields: dict[str, Any] = {name: values[-1] for name, values in form.fields.items()}
    try:
        if "mapping" in fields:
            fields["mapping"] = msgspec.json.decode(fields["mapping"])
    except msgspec.DecodeError:
        raise CustomerInvalid("mapping", "it is no JSON") from None
    try:
        return msgspec.convert({k: v for k, v in fields.items() if v != ""}, ImportAsked)
    except msgspec.ValidationError as error:
        raise CustomerInvalid(*misfit(error)) from None


def _shown(customer: Customer, unknown: list[NotAppliedAnswer] | None = None) -> CustomerAnswer:
    return CustomerAnswer(
        id=customer.id,
        agent_id=customer.agent_id,
        created_at=customer.created_at,
        changed_at=customer.changed_at,
        not_applied=unknown or [],
        **msgspec.structs.asdict(customer.details),
    )


ROUTES = (
    list_customers,
    create_customer,
    get_customer,
    change_customer,
    delete_customer,
    import_customers,
    get_customer_settings,
    put_customer_settings,
)
