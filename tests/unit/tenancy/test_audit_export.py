"""The audit log as a file that a spreadsheet may open without running it."""

import csv
import io
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.tenancy.domain.audit import AuditCursor, AuditEntry, AuditQuery, AuditQueryInvalid
from app.tenancy.domain.audit_export import ExportFormat

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
ID = UUID(int=7)


def entry(text: str) -> AuditEntry:
    return AuditEntry(ID, AT, text, "Tried", {"name": text}, user_agent=text)


def row(text: str) -> dict[str, str]:
    content = ExportFormat.CSV.head() + ExportFormat.CSV.lines([entry(text)])
    (only,) = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return only


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\uff1d1",
        '=HYPERLINK("http://evil.example")',
        "=cmd|' /C calc'!A0",
    ],
)
def test_what_looks_like_a_formula_is_text(formula: str) -> None:
    for cell in (row(formula)["actor"], row(formula)["user_agent"]):
        assert cell == f"'{formula}"


@pytest.mark.parametrize(
    "text", ["Ada, Countess", 'a "quoted" one', "two\nlines", "é 日本 🙂", "a=b"]
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    got = row(text)
    assert got["actor"] == text
    assert json.loads(got["details"]) == {"name": text}


@pytest.mark.parametrize("text", ["=1", "two\nlines", "\u2028", '"'])
def test_in_json_one_entry_is_one_line_and_unchanged(text: str) -> None:
    lines = ExportFormat.JSONL.lines([entry(text), entry("x")])
    assert lines.count(b"\n") == 2
    assert json.loads(lines.split(b"\n")[0])["actor"] == text


def test_a_cursor_comes_back_as_it_was() -> None:
    assert AuditCursor.parse(str(AuditCursor(AT, ID))) == AuditCursor(AT, ID)


@pytest.mark.parametrize(
    "text", ["", "x", "é", "eA==", "\0", "A" * 10_000, "fHw=", "MjAyNi0xMS0yMXww"]
)
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(AuditQueryInvalid) as refusal:
        AuditCursor.parse(text)
    assert refusal.value.details == {"field": "cursor"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (AuditQuery(action="a\0b"), "action"),
        (AuditQuery(actor="x" * 201), "actor"),
        (AuditQuery(actor="\u202e"), "actor"),
        (AuditQuery(since=AT.replace(tzinfo=None)), "since"),
        (AuditQuery(until=AT.replace(tzinfo=None)), "until"),
    ],
)
def test_a_question_that_is_none_is_refused_with_the_field(query: AuditQuery, field: str) -> None:
    with pytest.raises(AuditQueryInvalid) as refusal:
        query.check()
    assert refusal.value.details == {"field": field}
