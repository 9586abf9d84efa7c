"""What is known of a customer, and what can be wrong with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.core.errors import Conflict, NotFound, Unprocessable
from app.core.mail.letter import Mailbox
from app.core.misfits import misfit
from app.core.phone_numbers import e164
from app.tenancy.domain.audit import AuditedEvent

MOST_CUSTOMERS = 50_000
MOST_LISTED = 1000
MOST_METADATA = 8 * 1024
"""Bytes of JSON."""
DEEPEST_METADATA = 16

OnDuplicate = Literal["skip", "update", "error"]

Line = Annotated[str, msgspec.Meta(max_length=200, pattern="^[^\\x00-\\x1f\\x7f]*$")]
Notes = Annotated[str, msgspec.Meta(max_length=5000, pattern="^[^\\0]*$")]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=50, pattern="^[^\\x00-\\x1f\\x7f]*$")]
Language = Annotated[
    str, msgspec.Meta(max_length=35, pattern="^([A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*)?$")
]


class CustomerNotFound(NotFound):
    pass


class CustomersAgentNotFound(NotFound):
    """The agent that a customer is to belong to."""


class CustomersFull(Conflict):
    pass


class PhoneNumberTaken(Conflict):
    """Another customer of the organization has it."""

    code = "phone_number_taken"


class CustomerInvalid(Unprocessable):
    """`details["field"]` names what is wrong."""

    code = "customer_invalid"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}", field=field)


class CustomerAdded(AuditedEvent, frozen=True):
    customer_id: UUID


class CustomerChanged(AuditedEvent, frozen=True):
    customer_id: UUID


class CustomerDeleted(AuditedEvent, frozen=True):
    customer_id: UUID


class CustomersImported(AuditedEvent, frozen=True):
    created: int
    updated: int


class CountryCodeSet(AuditedEvent, frozen=True):
    country_code: str


class CustomerDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is personal, which is encrypted as a whole. `phone_number` is E.164."""

    name: Line = ""
    phone_number: str | None = None
    email: str | None = None
    notes: Notes = ""
    language: Language = ""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=20)] = ()
    metadata: dict[str, Any] = {}

    def has(self, words: str) -> bool:
        """In its name, number, address or tags. `words` are casefolded."""
        written = (self.name, self.phone_number or "", self.email or "", *self.tags)
        return any(words in each.casefold() for each in written)


@dataclass(frozen=True, slots=True)
class Customer:
    id: UUID
    details: CustomerDetails
    agent_id: UUID | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerQuery:
    limit: int = MOST_LISTED
    offset: int = 0
    search: str = ""
    tag: str = ""
    agent_id: UUID | None = None

    @property
    def is_of_content(self) -> bool:
        """Whether what is encrypted has to be looked into."""
        return bool(self.search.strip() or self.tag)

    def finds(self, details: CustomerDetails) -> bool:
        words = self.search.strip().casefold()
        return details.has(words) and (not self.tag or self.tag in details.tags)


def details_of(fields: Mapping[str, Any], country_code: str) -> CustomerDetails:
    """Of the values of JSON."""
    try:
        given = msgspec.convert(fields, CustomerDetails)
    except msgspec.ValidationError as error:
        raise CustomerInvalid(*misfit(error)) from None
    phone, email = (given.phone_number or "").strip(), (given.email or "").strip()
    details = replace(
        given,
        name=given.name.strip(),
        phone_number=e164(phone, country_code) if phone else None,
        email=Mailbox.parse(email).address if email else None,
    )
    return checked(details)


def checked(details: CustomerDetails) -> CustomerDetails:
    if not (details.name or details.phone_number or details.email):
        raise CustomerInvalid("name", "a name, a phone_number or an email is needed")
    if _is_deeper(details.metadata, DEEPEST_METADATA):
        raise CustomerInvalid("metadata", f"it is nested more than {DEEPEST_METADATA} deep")
    if len(msgspec.json.encode(details.metadata)) > MOST_METADATA:
        raise CustomerInvalid("metadata", f"it is longer than {MOST_METADATA} bytes")
    return details


def _is_deeper(value: Any, most: int) -> bool:
    if isinstance(value, dict):
        value = [*cast("dict[str, Any]", value).values()]
    if not isinstance(value, list):
        return False
    return most == 0 or any(_is_deeper(each, most - 1) for each in cast("list[Any]", value))
