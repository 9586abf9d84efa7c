"""Errors as OpenAI says them."""

from typing import Any

from app.core.errors import AppError

_INVALID = "invalid_request_error"
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_body(error: AppError, _request_id: str) -> dict[str, Any]:
    param = error.details.get("field") or next(iter(error.details.get("fields", ())), None)
    return {
        "error": {
            "message": error.message,
            "type": _TYPES.get(error.status, "server_error" if error.status >= 500 else _INVALID),
            "param": param,
            "code": error.code,
        }
    }
