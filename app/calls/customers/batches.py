"""Rows of a file beside the customers that there are: which are new, and what becomes of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from app.calls.customers.domain import (
    MOST_CUSTOMERS,
    CustomerDetails,
    CustomerInvalid,
    checked,
)
from app.calls.customers.importing import METADATA, Draft, ImportAsked, RowFault
from app.calls.customers.sealing import CustomerSealing
from app.calls.customers.store import CustomerRow

_TAKEN = "phone_number: another customer has it"
_FULL = f"there are {MOST_CUSTOMERS} customers, which is the most"


@dataclass(slots=True)
class _Entry:
    """`row` is None where the customer is new."""

    details: CustomerDetails
    row: CustomerRow | None = None
    number: int = 0
    is_changed: bool = False


class Batch:
    """`hashes` and `take` encrypt and decrypt: they block."""

    def __init__(
        self, sealing: CustomerSealing, org_id: UUID, asked: ImportAsked, at: datetime, room: int
    ) -> None:
        self._sealing = sealing
        self._org_id = org_id
        self._asked = asked
        self._at = at
        self._room = room
        self.created = self.updated = self.skipped = 0
        self.faults: list[RowFault] = []
        self.new: list[dict[str, Any]] = []

    def hashes(self, drafts: Sequence[Draft]) -> list[bytes]:
        """By which their numbers are found."""
        phones = {draft.details.phone_number for draft in drafts}
        return [
            found
            for phone in filter(None, phones)
            for found in self._sealing.phone_hashes(self._org_id, phone)
        ]

    def take(self, drafts: Sequence[Draft], there: Sequence[CustomerRow]) -> None:
        """`there`: who has one of their numbers. Leaves in `new` the rows that are to be added."""
        opened = [(row, self._sealing.open(row.id, row.sealed)) for row in there]
        known = {details.phone_number: _Entry(details, row) for row, details in opened}
        for draft in drafts:
            entry = known.get(draft.details.phone_number)
            if entry:
                self._meet(entry, draft)
            elif self._room <= 0:
                self.faults.append(RowFault(draft.row, _FULL))
            else:
                self._room -= 1
                known[draft.details.phone_number] = _Entry(draft.details, number=draft.row)
        for entry in known.values():
            if entry.row is None:
                self.new.append(self._new_row(entry))
            elif entry.is_changed:
                self._change(entry.row, entry.details)

    def settle(self, added: int) -> None:
        """Of the new ones: others were quicker with the rest."""
        self.created += added
        self.skipped += len(self.new) - added

    def _meet(self, entry: _Entry, draft: Draft) -> None:
        if self._asked.on_duplicate == "skip":
            self.skipped += 1
        elif self._asked.on_duplicate == "error":
            self.faults.append(RowFault(draft.row, _TAKEN))
        else:
            try:
                entry.details = _merged(entry.details, draft)
            except CustomerInvalid as error:
                self.faults.append(RowFault(draft.row, error.message))
                return
            entry.is_changed = True
            self.updated += 1

    def _new_row(self, entry: _Entry) -> dict[str, Any]:
        """The times keep the order of the file: the first row is the newest."""
        row_id, phone = uuid4(), entry.details.phone_number
        at = self._at - timedelta(microseconds=entry.number)
        return {
            "id": row_id,
            "agent_id": self._asked.agent_id,
            "phone_hash": self._sealing.phone_hash(self._org_id, phone or ""),
            "sealed": self._sealing.seal(row_id, entry.details),
            "created_at": at,
            "changed_at": at,
        }

    def _change(self, row: CustomerRow, details: CustomerDetails) -> None:
        row.sealed = self._sealing.seal(row.id, details)
        row.agent_id = self._asked.agent_id or row.agent_id
        row.changed_at = self._at


def _merged(old: CustomerDetails, draft: Draft) -> CustomerDetails:
    """What the row leaves empty stays."""
    new = draft.details
    given = {name: getattr(new, name) for name in draft.given - {METADATA}}
    return checked(replace(old, **given, metadata={**old.metadata, **new.metadata}))
