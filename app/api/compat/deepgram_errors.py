"""Errors as Deepgram says them."""

from http import HTTPStatus
from typing import Any

from app.core.errors import AppError

_CODES = {400: "Bad Request", 401: "INVALID_AUTH", 403: "INSUFFICIENT_PERMISSIONS"}


def error_body(error: AppError, request_id: str) -> dict[str, Any]:
    code = _CODES.get(error.status) or HTTPStatus(error.status).phrase.upper().replace(" ", "_")
    return {"err_code": code, "err_msg": error.message, "request_id": request_id}
