"""The audit log as a file: JSON lines for programs, CSV for people with a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from app.tenancy.domain.audit import AuditEntry

COLUMNS = ("at", "action", "actor", "user_id", "ip_address", "user_agent", "details", "id")

# A spreadsheet takes what begins so for a formula, and runs it; the wide ones are their twins.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class ExportFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        return "application/x-ndjson" if self is ExportFormat.JSONL else "text/csv; charset=utf-8"

    def head(self) -> bytes:
        return b"" if self is ExportFormat.JSONL else _csv([COLUMNS])

    def lines(self, entries: Iterable[AuditEntry]) -> bytes:
        if self is ExportFormat.JSONL:
            return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        return _csv(_cells(entry) for entry in entries)


def _cells(entry: AuditEntry) -> list[str]:
    details = json.dumps(entry.details, ensure_ascii=False, sort_keys=True)
    cells = {
        "at": entry.at.isoformat(),
        "action": entry.action,
        "actor": entry.actor,
        "user_id": str(entry.user_id or ""),
        "ip_address": entry.ip_address,
        "user_agent": entry.user_agent,
        "details": details,
        "id": str(entry.id),
    }
    return [_harmless(cells[column]) for column in COLUMNS]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
