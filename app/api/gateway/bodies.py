"""What the answers of the gateway family have in common."""

from typing import Any, Literal

import msgspec

from app.core.errors import AppError


class Done(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[True] = True


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"error": error.message, "code": error.code, "request_id": request_id}
    return body | ({"details": error.details} if error.details else {})
