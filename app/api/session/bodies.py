"""The body of an error, and times as the document writes them."""

from datetime import datetime
from typing import Any

from app.core.errors import AppError


def error_body(error: AppError, _request_id: str) -> dict[str, Any]:
    return {"error": error.message}


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
