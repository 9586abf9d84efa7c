"""Operations whose body or query is read by hand, in the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import Operation

_UPLOAD = {"type": "string", "format": "binary"}


def form_of(
    kind: type[msgspec.Struct],
    answers: dict[str, Any],
    *,
    file: str | None = "file",
    many: bool = False,
) -> type[Operation]:
    """A multipart form: the fields of `kind`, and a file of that name, or several."""
    schema = _schema(kind)
    if file:
        schema["properties"][file] = {"type": "array", "items": _UPLOAD} if many else _UPLOAD
        schema["required"] = [*schema.get("required", []), file]
    return _operation({"multipart/form-data": {"schema": schema}}, [], answers)


def json_of(kind: type[msgspec.Struct], answers: dict[str, Any]) -> type[Operation]:
    """A body of JSON: the fields of `kind`."""
    return _operation({"application/json": {"schema": _schema(kind)}}, [], answers)


def query_of(
    kind: type[msgspec.Struct], body: dict[str, Any], answers: dict[str, Any]
) -> type[Operation]:
    """The fields of `kind` in the query."""
    schema = _schema(kind)
    required = schema.get("required", [])
    parameters = [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema["properties"].items()
    ]
    return _operation(body, parameters, answers)


def answering(answers: dict[str, Any]) -> type[Operation]:
    """What is read is read by the framework; the answer is made by hand."""

    @dataclass
    class Answering(Operation):
        def to_schema(self) -> dict[str, Any]:
            schema = super().to_schema()
            schema["responses"]["200"] = {"description": "What came of it", "content": answers}
            return schema

    return Answering


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)
    return dict(schema["$defs"][kind.__name__])


def _operation(
    body: dict[str, Any], parameters: list[dict[str, Any]], answers: dict[str, Any]
) -> type[Operation]:
    @dataclass
    class Described(Operation):
        def to_schema(self) -> dict[str, Any]:
            schema = super().to_schema()
            schema["requestBody"] = {"required": True, "content": body}
            schema["parameters"] = [*schema.get("parameters", []), *parameters]
            schema["responses"]["200"] = {"description": "What came of it", "content": answers}
            return schema

    return Described
