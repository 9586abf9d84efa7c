"""How every log record of the process, ours or a library's, becomes one redacted line."""

import logging
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO
from uuid import UUID

import msgspec

from app.core.redaction import Redactor, as_text

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)
org_id_var: ContextVar[UUID | None] = ContextVar("org_id", default=None)

# They tell of every job with its arguments, of every header, of every connection.
_CHATTY = (
    *("alembic", "anthropic", "procrastinate", "httpcore", "httpcore2", "httpx", "httpx2"),
    *("aioice", "aiortc", "uvicorn", "websockets"),
)

_REFUSED = "ASGI callable returned without completing handshake."
"""uvicorn's word for a WebSocket that was refused with an answer: that is no error."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_UNESCAPED = "".join(map(chr, (*range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F)))) + (
    "".join(map(chr, range(0x2066, 0x206A)))
)
_IN_JSON = {ord(char): f"\\u{ord(char):04x}" for char in _UNESCAPED}
_IN_TEXT = {ord(char): f"\\u{ord(char):04x}" for char in _UNESCAPED} | {
    code: repr(chr(code))[1:-1] for code in range(0x20)
}


def configure(
    level: str,
    log_format: Literal["console", "json"],
    *,
    redact_phi: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Take over the root logger and every logger that has been made with handlers of its own."""
    redactor = Redactor(redact_phi=redact_phi)
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(JsonLines(redactor) if log_format == "json" else ConsoleLines(redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
    logging.captureWarnings(capture=True)


def _is_no_refusal(record: logging.LogRecord) -> bool:
    return record.msg != _REFUSED


@contextmanager
def log_context(
    *, request_id: str | None = None, org_id: UUID | None = None
) -> Generator[None, None, None]:
    """Stamp every record of the block, and of the tasks started in it, with what is given."""
    request = request_id_var.set(request_id) if request_id else None
    org = org_id_var.set(org_id) if org_id else None
    try:
        yield
    finally:
        if request:
            request_id_var.reset(request)
        if org:
            org_id_var.reset(org)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: the ordinary one prints the record and its arguments unredacted."""


class _Lines(logging.Formatter):
    """Reads a record into masked parts; subclasses lay them out."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def _message(self, record: logging.LogRecord) -> str:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  arguments that do not fit must not lose the record
            message = f"{as_text(record.msg)} {as_text(record.args)}"
        return self._redactor.text(message)

    def _context(self) -> dict[str, str]:
        known: dict[str, str] = {}
        if request_id := request_id_var.get():
            known["request_id"] = self._redactor.text(request_id)
        if org_id := org_id_var.get():
            known["org_id"] = str(org_id)
        return known

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        extra = {name: item for name, item in vars(record).items() if name not in _STANDARD}
        return self._redactor.value(extra) if extra else {}

    def _trace(self, record: logging.LogRecord) -> str:
        parts: list[str] = []
        if record.exc_info and record.exc_info[1]:
            parts.append("".join(traceback.format_exception(record.exc_info[1])).rstrip())
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(record.stack_info)
        return self._redactor.text("\n".join(parts)) if parts else ""


class JsonLines(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": self._redactor.text(record.name),
            "message": self._message(record),
            **self._context(),
        }
        if fields := self._fields(record):
            line["fields"] = fields
        if trace := self._trace(record):
            line["trace"] = trace
        return _json(line).translate(_IN_JSON)


class ConsoleLines(_Lines):
    """One line per record; what follows it is indented behind a bar that no line starts with."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        known = {**self._context(), **self._fields(record)}
        parts = [self._redactor.text(record.name), self._message(record)]
        parts += [f"{name}={_shown(item)}" for name, item in known.items()]
        line = f"{time} {record.levelname:<7} " + " ".join(parts).translate(_IN_TEXT)
        trace = (part.translate(_IN_TEXT) for part in self._trace(record).split("\n") if part)
        return "\n    | ".join((line, *trace))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
