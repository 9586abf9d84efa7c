"""Reads what a request of another's API asks for, and says of a wrong one which name is wrong."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from app.core.errors import InvalidInput
from app.core.misfits import misfit

S = TypeVar("S", bound=msgspec.Struct)

_SHOWN = 80


class ParameterInvalid(InvalidInput):
    """The message and `details["field"]` name it."""


def read_asked(given: Mapping[str, list[str]], kind: type[S]) -> S:
    """Of a form or a query: a name may come several times where a list is meant, and names that
    are not known are passed over. An empty value is none."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, texts in given.items():
        field = fields.get(name.removesuffix("[]"))
        filled = [text for text in texts if text]
        if field is None or not filled:
            continue
        if msgspec.inspect.type_info(field.type).__class__ is msgspec.inspect.VarTupleType:
            values[field.encode_name] = filled
        elif len(filled) == 1:
            values[field.encode_name] = filled[0]
        else:
            raise _invalid(name, "it is given more than once")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(*misfit(error)) from None


def read_json(given: Mapping[str, Any], kind: type[S]) -> S:
    """Of a body of JSON. Null is as good as left out."""
    try:
        return msgspec.convert({k: v for k, v in given.items() if v is not None}, kind)
    except msgspec.ValidationError as error:
        raise _invalid(*misfit(error)) from None


def names_passed_over(given: Mapping[str, list[str]], kind: type[msgspec.Struct]) -> list[str]:
    """By `read_asked`, of those that ask for something."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    asked = (name for name, texts in given.items() if any(texts))
    return [name[:_SHOWN] for name in asked if name.removesuffix("[]") not in known]


def _invalid(name: str, fault: str) -> ParameterInvalid:
    return ParameterInvalid(f"{name[:_SHOWN]}: {fault}", field=name[:_SHOWN])
