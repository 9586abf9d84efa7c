"""The error tree. A business fact is one subclass, declared beside its context, of one of these.

AppError
├── InvalidInput      400  the request cannot be understood; `details` names the field
├── NotAuthenticated  401  no credentials, or none that are valid
├── NotPermitted      403  known, but not allowed
├── NotFound          404  no such thing in this organization
├── MethodNotAllowed  405
├── Conflict          409  clashes with the present state
├── TooLarge          413  more bytes, seconds or items than is accepted
├── UnsupportedMedia  415  not a format that can be read
├── Unprocessable     422  well formed, but out of range
├── RateLimited       429  `details["retry_after_s"]` says when to come back
├── InternalError     500  a defect; the message never carries its cause
├── UpstreamFailed    502  an external service answered wrongly
├── Unavailable       503  not now: a model, a service or a slot is missing
└── UpstreamTimeout   504  an external service did not answer in time
"""

from typing import Any, ClassVar


class AppError(Exception):
    """What a caller may be told. Each API family renders it in a body of its own."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(AppError):
    code, status = "invalid_input", 400


class NotAuthenticated(AppError):
    code, status = "not_authenticated", 401


class NotPermitted(AppError):
    code, status = "not_permitted", 403


class NotFound(AppError):
    code, status = "not_found", 404


class MethodNotAllowed(AppError):
    code, status = "method_not_allowed", 405


class Conflict(AppError):
    code, status = "conflict", 409


class TooLarge(AppError):
    code, status = "too_large", 413


class UnsupportedMedia(AppError):
    code, status = "unsupported_media", 415


class Unprocessable(AppError):
    code, status = "unprocessable", 422


class RateLimited(AppError):
    code, status = "rate_limited", 429


class InternalError(AppError):
    code, status = "internal_error", 500


class UpstreamFailed(AppError):
    code, status = "upstream_failed", 502


class Unavailable(AppError):
    code, status = "unavailable", 503


class UpstreamTimeout(AppError):
    code, status = "upstream_timeout", 504
