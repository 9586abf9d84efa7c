"""Files of customers: CSV with a header, as spreadsheets write it. Reading them blocks."""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, BinaryIO
from uuid import UUID

import msgspec

from app.calls.customers.domain import CustomerDetails, CustomerInvalid, OnDuplicate, details_of
from app.core.errors import AppError

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100

METADATA = "metadata"
_TEXTS = ("name", "phone_number", "email", "notes", "language")
_OTHER_NAMES = {"phone": "phone_number", "preferred_language": "language"}
_SEPARATORS = ",;\t"
_LONGEST_COLUMN = 100
_NO_ROW: tuple[int, list[str]] = (1, [])


class ImportAsked(msgspec.Struct, frozen=True, kw_only=True):
    """`mapping`: a column and what it holds: a field of a customer, or else a key of its metadata.
    An empty name leaves the column out, and so does a mapping that does not name it. Without a
    mapping every column holds what it is called."""

    agent_id: UUID | None = None
    mapping: dict[str, str] | None = None
    on_duplicate: OnDuplicate = "skip"


class RowFault(msgspec.Struct, frozen=True):
    """`row` as spreadsheets count: the header is row 1."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """`given`: the fields that the row has something in."""

    row: int
    details: CustomerDetails
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """One that can be used as a whole. `targets`: what each column holds."""

    text: str
    targets: Sequence[str]

    def rows(self, country_code: str) -> Iterator[Draft | RowFault]:
        """Read as they are asked for, so that never all of them are in memory."""
        rows = _rows(self.text)
        next(rows)
        for number, cells in rows:
            try:
                yield _draft(number, cells, self.targets, country_code)
            except AppError as error:
                yield RowFault(number, error.message)


def opened_file(file: BinaryIO, mapping: Mapping[str, str] | None) -> CustomerFile:
    """Raises CustomerInvalid where the file or the mapping cannot be used."""
    text = _text(file.read())
    rows = _rows(text)
    header = [cell.strip() for cell in next(rows, _NO_ROW)[1]]
    targets = _targets(header, mapping)
    if sum(1 for _ in rows) > MOST_ROWS:
        raise CustomerInvalid("file", f"it has more than {MOST_ROWS} rows; split it")
    return CustomerFile(text, targets)


def _text(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CustomerInvalid(
            "file", f"byte {error.start + 1} is not UTF-8: save it as CSV in UTF-8"
        ) from None
    if "\0" in text:
        raise CustomerInvalid("file", "it holds NUL characters: it is no CSV, or not in UTF-8")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Those that are not blank, with their numbers."""
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(rows, start=1):
            if number == 1 or any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise CustomerInvalid("file", f"line {rows.line_num}: {error}") from None


def _targets(header: Sequence[str], mapping: Mapping[str, str] | None) -> list[str]:
    """What each column holds; empty where it is left out."""
    if not any(header) or len(header) > MOST_COLUMNS:
        raise CustomerInvalid("file", f"its first row must name 1 to {MOST_COLUMNS} columns")
    if repeated := next((name for name in header if name and header.count(name) > 1), None):
        raise CustomerInvalid("file", f"two columns are called {_shown(repeated)}")
    if mapping is None:
        targets = [_field_of(name) or name for name in header]
    else:
        if unknown := mapping.keys() - set(header):
            raise CustomerInvalid("mapping", f"there is no column {_shown(min(unknown))}")
        asked = [mapping.get(name, "").strip() for name in header]
        targets = [_OTHER_NAMES.get(name, name) for name in asked]
    held = [name for name in targets if name]
    if repeated := next((name for name in held if held.count(name) > 1), None):
        raise CustomerInvalid("mapping", f"two columns hold {_shown(repeated)}")
    if "phone_number" not in held:
        raise CustomerInvalid("mapping", "no column holds phone_number")
    return targets


def _field_of(column: str) -> str | None:
    name = re.sub(r"[\s\-]+", "_", column.casefold())
    name = _OTHER_NAMES.get(name, name)
    return name if name in (*_TEXTS, "tags") else None


def _draft(number: int, cells: Sequence[str], targets: Sequence[str], country_code: str) -> Draft:
    if len(cells) > len(targets):
        raise CustomerInvalid("row", f"it has {len(cells)} cells, the header {len(targets)}")
    fields: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for target, cell in zip(targets, cells, strict=False):
        value = cell.strip()
        if not (target and value):
            continue
        if target in _TEXTS:
            fields[target] = value
        elif target == "tags":
            fields["tags"] = [tag.strip() for tag in re.split(r"[,;|]", value) if tag.strip()]
        else:
            metadata[target[:_LONGEST_COLUMN]] = value
    if metadata:
        fields[METADATA] = metadata
    if "phone_number" not in fields:
        raise CustomerInvalid("phone_number", "it is missing")
    return Draft(number, details_of(fields, country_code), frozenset(fields))


def _shown(name: str) -> str:
    return repr(name[:_LONGEST_COLUMN])
