"""Reads the SQLite token database of an earlier gateway, whatever its columns are called.

Knows no table of ours. Blocks on the disk.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.core.setting_fields import SettingInvalid
from app.tenancy.domain.keys import LAST_YEAR
from app.tenancy.domain.organizations import NAME_MAX

VARIABLE = "AUTH_DB_PATH"
OWNER = "imported"
SHORTEST_TOKEN, LONGEST_TOKEN = 8, 512
_TABLES = ("tokens", "api_tokens", "auth_tokens", "api_keys")
_COLUMNS = {
    "token": ("token", "api_token", "api_key", "key"),
    "sha256": ("token_hash", "token_sha256", "key_hash", "hash"),
    "user_id": ("user_id", "user", "owner", "device_id"),
    "label": ("label", "name", "description"),
    "created_at": ("created_at", "created"),
    "expires_at": ("expires_at", "expires", "expiry"),
    "active": ("is_active", "active", "enabled"),
    "revoked": ("revoked", "is_revoked", "revoked_at", "deleted_at"),
}
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_FALSE = ("", "0", "false", "no", "f")
_MILLISECONDS_FROM = 1e11
_FIRST_YEAR = 1970
_WAIT_FOR_WRITER_S = 5.0


@dataclass(frozen=True, slots=True)
class EarlierToken:
    """`place` tells its row from others, without a secret in it."""

    place: str
    token: str | None
    sha256: str | None
    user_id: str
    label: str
    created_at: datetime | None
    expires_at: datetime | None
    is_revoked: bool

    def is_live(self, now: datetime) -> bool:
        return not self.is_revoked and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class EarlierTokens:
    live: list[EarlierToken]
    skipped: int
    """Revoked or expired, or not to be understood."""


def read(path: Path, now: datetime) -> EarlierTokens:
    """Refuses a file that is none, and a database without tokens that it can read."""
    if not path.is_file():
        raise _refusal(path, "there is no such file")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_FOR_WRITER_S)) as database:
            database.row_factory = sqlite3.Row
            rows = list(_rows(database, path))
    except sqlite3.Error as error:
        raise _refusal(path, f"SQLite cannot read it ({error})") from error
    read_rows = [_token(row) for row in rows]
    if rows and not any(read_rows):
        raise _refusal(path, "none of its rows has a token, or the SHA-256 of one")
    live = [each for each in read_rows if each and each.is_live(now)]
    unique = {each.place: each for each in live}
    return EarlierTokens(list(unique.values()), skipped=len(rows) - len(unique))


def _rows(database: sqlite3.Connection, path: Path) -> Iterator[Mapping[str, Any]]:
    table, columns = _table(database, path)
    key = "id" if "id" in columns else "rowid"
    chosen = {meaning: found for meaning in _COLUMNS if (found := _column(columns, meaning))}
    names = ", ".join(f'"{column}" AS "{meaning}"' for meaning, column in chosen.items())
    query = f'SELECT "{key}" AS "place", {names} FROM "{table}" ORDER BY 1'  # noqa: S608 - known
    yield from map(dict, database.execute(query))


def _table(database: sqlite3.Connection, path: Path) -> tuple[str, frozenset[str]]:
    """The one that holds tokens: known by its name where several could."""
    named = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    candidates: dict[str, frozenset[str]] = {}
    for (name,) in named:
        info = database.execute("SELECT name FROM pragma_table_info(?)", (name,))
        columns = frozenset(column.lower() for (column,) in info)
        holds_tokens = _column(columns, "token") or _column(columns, "sha256")
        if '"' not in name and holds_tokens and _column(columns, "user_id"):
            candidates[name] = columns
    known = [name for name in _TABLES if name in candidates]
    chosen = (known or list(candidates))[:2]
    if not chosen or (not known and len(chosen) > 1):
        raise _refusal(path, "it has no table with a token (or token_hash) and a user_id")
    return chosen[0], candidates[chosen[0]]


def _column(columns: frozenset[str], meaning: str) -> str | None:
    return next((name for name in _COLUMNS[meaning] if name in columns), None)


def _token(row: Mapping[str, Any]) -> EarlierToken | None:
    """None where it is not to be understood."""
    token = _text(row.get("token"))
    stored = _text(row.get("sha256"))
    if token and token.lower().startswith("sha256:"):
        token, stored = None, token
    hashed = _SHA256.fullmatch(stored or "")
    if token and not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        return None
    if not (token or hashed):
        return None
    try:
        created_at, expires_at = _time(row.get("created_at")), _time(row.get("expires_at"))
    except (ValueError, OverflowError, OSError):
        return None
    is_inactive = "active" in row and not _is_true(row["active"])
    return EarlierToken(
        place=f"{row['place']}|{row.get('user_id')}|{row.get('created_at')}",
        token=token,
        sha256=hashed[1].lower() if hashed and not token else None,
        user_id=_name(row.get("user_id")) or OWNER,
        label=_name(row.get("label")),
        created_at=created_at,
        expires_at=expires_at,
        is_revoked=is_inactive or _is_true(row.get("revoked")),
    )


def _text(value: Any) -> str | None:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or not text.isascii() or not text.isprintable():
        return None
    return text.strip()


def _name(value: Any) -> str:
    return "".join(filter(str.isprintable, str("" if value is None else value)))[:NAME_MAX]


def _is_true(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in _FALSE


def _time(value: Any) -> datetime | None:
    """Unix seconds or milliseconds, or ISO 8601; without a zone it is UTC."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except ValueError:
        time = datetime.fromisoformat(str(value).strip())
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
    else:
        seconds = number / 1000 if number > _MILLISECONDS_FROM else number
        time = datetime.fromtimestamp(seconds, UTC)
    if not _FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError("no time that a token was made or ends at")
    return time


def _refusal(path: Path, why: str) -> SettingInvalid:
    return SettingInvalid(f"{VARIABLE}: tokens cannot be imported from {path}: {why}")
