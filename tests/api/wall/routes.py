"""Every HTTP route there is, with the ids it takes and a request that is well formed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import inspect

from app.admin import pages
from app.api.access import Access, access_of
from tests.api.wall.world import Organization
from tests.browser_peer import OFFER

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}

SAMPLES: dict[str, Any] = {
    "name": "New name",
    "label": "New label",
    "email": "somebody@example.com",
    "password": "correct horse battery",
    "current_password": "correct horse battery",
    "role": "member",
    "token": "x" * 43,
    "value": "x" * 43,
    "host": "crm.example.com",
    "sdp": OFFER,
}
"""What a field of a body may hold, where the type alone does not tell."""

PAGES = {
    "file": "gateway.json",
    "name": "page.js",
    "voice": "af_heart",
    "ticket": "x",
    "version": pages.read().version,
    "asset": "style.css",
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: HTTPRouteHandler

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def access(self) -> Access:
        return access_of(self.handler)

    @property
    def path_ids(self) -> list[str]:
        return [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]

    @property
    def body_ids(self) -> list[str]:
        return [field.name for field in self._fields() if field.name.endswith("_id")]

    @property
    def fields(self) -> set[str]:
        return {field.encode_name for field in self._fields()}

    @property
    def takes_ids(self) -> bool:
        return bool(self.path_ids or self.body_ids)

    def url(self, ids: Mapping[str, UUID | str]) -> str:
        return self.path.format_map(PAGES | {name: str(value) for name, value in ids.items()})

    def body(self, ids: Mapping[str, UUID | str]) -> dict[str, Any]:
        """The required fields, and every id."""
        return {
            field.encode_name: str(ids[field.name])
            if field.name in ids
            else _sample(field.name, field.type)
            for field in self._fields()
            if field.required or field.name in ids
        }

    def _fields(self) -> tuple[inspect.Field, ...]:
        data = self.handler.parsed_data_field
        if data is None:
            return ()
        kind = inspect.type_info(data.annotation)
        if isinstance(kind, inspect.DictType):  # read by hand, and no thing of anybody's in it
            return ()
        if isinstance(kind, inspect.UnionType):
            kind = next(each for each in kind.types if isinstance(each, inspect.StructType))
        assert isinstance(kind, inspect.StructType), f"{self} takes no struct"
        return kind.fields


def routes(app: Any) -> list[Route]:
    litestar: Litestar = app._app._app
    return [
        Route(method, route.path_format, handler)
        for route in litestar.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
        for method in sorted(handler.http_methods & METHODS)
    ]


def ids_of(organization: Organization) -> dict[str, UUID | str]:
    """A thing of this organization for every name of an id that a route takes."""
    member = organization.people["member"]
    return {
        "org_id": organization.id,
        "organization_id": organization.id,
        "user_id": member.user_id,
        "session_id": member.session_id,
        "invitation_id": organization.invitation_id,
        "token_id": organization.key_id,
        "key_id": organization.key_id,
        "job_id": organization.job_id,
        "entry_id": organization.entry_id,
        "tool_name": organization.tool_name,
        "secret_name": organization.secret_name,
        "agent_id": organization.agent_id,
        "version_id": organization.agent_version_id,
        "customer_id": organization.customer_id,
        "call_id": organization.call_id,
        "voice_session_id": organization.voice_session_id,
        "phone_number": organization.phone_number,
    }


def _sample(name: str, kind: inspect.Type) -> Any:
    if name in SAMPLES:
        return SAMPLES[name]
    match kind:
        case inspect.StrType():
            return "x"
        case inspect.IntType() | inspect.FloatType():
            return 1
        case inspect.BoolType():
            return False
        case inspect.DictType():
            return {}
        case inspect.ListType():
            return []
        case inspect.EnumType():
            return next(iter(kind.cls)).value
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.UnionType():
            return _sample(name, kind.types[0])
    raise AssertionError(f"no sample for the field {name!r} of type {kind}: add it to SAMPLES")
