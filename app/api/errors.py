"""Turns every exception into an answer in the body of the family whose path was asked for."""

import logging
from collections.abc import Callable
from typing import Any, cast

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from app.api.family import FamilyMap
from app.core import errors
from app.core.errors import AppError
from app.core.failures import log_failure

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

_BY_STATUS: dict[int, type[AppError]] = {
    error.status: error
    for error in (
        errors.NotAuthenticated,
        errors.NotPermitted,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.Conflict,
        errors.TooLarge,
        errors.UnsupportedMedia,
        errors.Unprocessable,
        errors.RateLimited,
        errors.Unavailable,
    )
}


Renderer = Callable[[AnyRequest, Exception], Response[Any]]


def exception_handlers(families: FamilyMap) -> dict[int | type[Exception], Renderer]:
    def render(request: AnyRequest, exception: Exception) -> Response[Any]:
        error = _as_app_error(exception)
        family = families.of(request.url.path)
        return Response(
            family.error_body(error, request.scope["state"]["request_id"]),
            status_code=error.status,
            headers=_headers(error, exception),
        )

    return {AppError: render, HTTPException: render, Exception: render}


def _as_app_error(exception: Exception) -> AppError:
    if isinstance(exception, AppError):
        if exception.status >= 500:
            log_failure(log, "a request failed", exception)
        return exception
    if isinstance(exception, ValidationException):
        return _validation_error(exception)
    if isinstance(exception, RecursionError) and "deserializing" in str(exception):
        return errors.InvalidInput("body: it is nested too deeply")
    if isinstance(exception, HTTPException) and exception.status_code < 500:
        kind = _BY_STATUS.get(exception.status_code, errors.InvalidInput)
        return kind(exception.detail)
    log_failure(log, "a request failed", exception)
    return errors.InternalError("Internal server error")


def _validation_error(exception: ValidationException) -> AppError:
    """Names every field that is wrong, in the sentence and in the details."""
    faults = cast("list[dict[str, str]]", exception.extra or [])
    fields = dict(map(_named, faults))
    if not fields:
        return errors.InvalidInput(exception.detail)
    sentence = "; ".join(f"{name}: {message}" for name, message in fields.items())
    return errors.InvalidInput(sentence, fields=fields)


def _named(fault: dict[str, str]) -> tuple[str, str]:
    """The framework calls a body `data`, and says no more than that of one that is missing."""
    name, message = fault.get("key", "body"), fault.get("message", "")
    if name != "data":
        return name, message
    return "body", "it is missing" if message == "'data'" else message


def _headers(error: AppError, exception: Exception) -> dict[str, str]:
    headers = dict(getattr(exception, "headers", None) or {})
    if "retry_after_s" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_s"])
    if isinstance(error, errors.NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return headers
