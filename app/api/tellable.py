"""What a client is told of a failure once the answer has begun."""

import logging

from app.core.errors import AppError, InternalError, Unavailable
from app.core.failures import log_failure

log = logging.getLogger(__name__)


def tellable(
    error: Exception, *, unavailable: str, also: tuple[type[AppError], ...] = ()
) -> AppError:
    """What of us is missing or broken is for our log. `also`: what is told although the client has
    done nothing wrong. `unavailable` is a sentence for what may be better later."""
    if isinstance(error, AppError) and (error.status < 500 or isinstance(error, also)):
        return error
    log_failure(log, "a stream failed", error)
    if isinstance(error, Unavailable):
        return Unavailable(unavailable)
    return InternalError("Internal server error")
