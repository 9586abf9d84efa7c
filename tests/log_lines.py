"""What the logging of the process would write about something, for tests."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any, Literal

from app.core.logging import configure

Format = Literal["console", "json"]


def logged(
    act: Callable[[logging.Logger], object], log_format: Format = "json", *, phi: bool = False
) -> str:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure("DEBUG", log_format, redact_phi=phi, stream=stream)
    try:
        act(logging.getLogger("app.test"))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
    return stream.getvalue()


def line(act: Callable[[logging.Logger], object], *, phi: bool = False) -> dict[str, Any]:
    return json.loads(logged(act, phi=phi))
