"""What the OpenAPI document of a family says beside what the framework reads off the routes: who
may call, and which errors there are, in the body of the family."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from app.api.access import Access, access_of
from app.api.callers import ACCESS_COOKIE
from app.api.family import ErrorBody
from app.core.errors import InvalidInput

SCHEMES: dict[str, dict[str, str]] = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": ACCESS_COOKIE},
}

_ALWAYS = (400, 429, 503)
_OF_CALLERS = (401, 403)
_OF_BODIES = (409, 413, 415, 422)


def complete(schema: dict[str, Any], app: Litestar, error_body: ErrorBody) -> None:
    components = schema.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    components.setdefault("schemas", {})["Error"] = _shape(error_body(InvalidInput("sentence"), ""))
    for operation, handler in _operations(schema, app):
        access = access_of(handler)
        operation["security"] = _security(access)
        if access.permission is not None:
            operation["x-permission"] = access.permission.value
        for status in _statuses(access, operation):
            operation["responses"][str(status)] = {
                "description": HTTPStatus(status).phrase,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }


def _operations(
    schema: dict[str, Any], app: Litestar
) -> Iterator[tuple[dict[str, Any], HTTPRouteHandler]]:
    for route in app.routes:
        path = schema["paths"].get(route.path_format)
        for handler in getattr(route, "route_handlers", ()):
            if path is None or not isinstance(handler, HTTPRouteHandler):
                continue
            for method in handler.http_methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}:
                if method.lower() in path:
                    yield path[method.lower()], handler


def _security(access: Access) -> list[dict[str, list[str]]]:
    """Any one of them is enough; none is needed where the list is empty."""
    names = [*["token"] * access.by_key, *["session"] * access.by_session]
    return [{name: []} for name in names]


def _statuses(access: Access, operation: dict[str, Any]) -> set[int]:
    statuses = {*_ALWAYS}
    if access.by_page or not access.is_open:
        statuses |= {*_OF_CALLERS}
    if access.by_signature:
        statuses.add(403)
    if any(parameter["in"] in ("path", "query") for parameter in operation.get("parameters", ())):
        statuses |= {404, 409, 422}
    if "requestBody" in operation:
        statuses |= {404, *_OF_BODIES}
    return statuses - {int(status) for status in operation["responses"] if int(status) < 400}


def _shape(body: dict[str, Any]) -> dict[str, Any]:
    """The schema of an error, read off one."""
    names = {str: "string", bool: "boolean", dict: "object", type(None): ["string", "null"]}
    properties: dict[str, Any] = {
        name: _shape(cast("dict[str, Any]", value))
        if value and isinstance(value, dict)
        else {"type": names[type(value)]}
        for name, value in body.items()
    }
    return {"type": "object", "properties": properties, "required": [*body]}
