"""What had to be expected takes one line of the log; a defect has its trace."""

import logging

import pytest

from app.core.errors import AppError, InternalError, Unavailable, UpstreamTimeout
from app.core.failures import log_failure

log = logging.getLogger(__name__)


@pytest.mark.parametrize("kind", [Unavailable, UpstreamTimeout])
def test_what_is_missing_takes_a_line(
    kind: type[AppError], caplog: pytest.LogCaptureFixture
) -> None:
    log_failure(log, "a stream failed", kind("not installed: word-tags"))
    (line,) = caplog.text.splitlines()
    assert line.endswith(
        f"a stream failed: app.core.errors.{kind.__name__}: not installed: word-tags"
    )


@pytest.mark.parametrize("error", [InternalError("a stored value cannot be read"), KeyError("x")])
def test_a_defect_has_its_trace(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise error
    except Exception as raised:  # noqa: BLE001
        log_failure(log, "a request failed", raised)
    first, *trace = caplog.text.splitlines()
    assert first.endswith("a request failed")
    assert trace[0].startswith("Traceback")
    assert type(error).__name__ in trace[-1]
