"""How a failure is logged: a defect with its trace, what had to be expected in one line."""

import logging
from traceback import format_exception_only

from app.core.errors import AppError, InternalError


def log_failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """`what` failed. A model or a database that is missing says so, and why if that is known;
    where in the code it was missed tells nobody more."""
    if isinstance(error, AppError) and not isinstance(error, InternalError):
        causes = filter(None, (error, error.__cause__))
        log.error("%s: %s", what, ", because of ".join(map(_in_a_line, causes)))
    else:
        log.error("%s", what, exc_info=error)


def _in_a_line(error: BaseException) -> str:
    """SQLAlchemy writes the statement and its parameters below."""
    return format_exception_only(error)[0].partition("\n")[0]
