"""Who may open a stream: whoever has the token that was put into the TwiML of a call, once and
soon."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.calls.telephony import store
from app.calls.telephony.store import StreamTicketRow
from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Tx
from app.core.errors import NotAuthenticated

VALID_FOR = timedelta(minutes=5)
"""Longer than Twilio queues a call and lets it ring."""
PREFIX = "line_"


class TicketRefused(NotAuthenticated):
    """It is unknown, used or expired: no telling which."""


class Purpose(StrEnum):
    TALK = "talk"
    LEAVE_MESSAGE = "leave_message"


@dataclass(frozen=True, slots=True)
class Ticket:
    call_id: UUID
    purpose: Purpose


class StreamTickets:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def issue(self, tx: Tx, ticket: Ticket) -> str:
        """The token; its keyed hash alone is kept."""
        token, now = new_token(PREFIX), utc_now()
        row = StreamTicketRow(
            org_id=tx.org_id,
            token_hash=self._keys.token_hash(token),
            call_id=ticket.call_id,
            purpose=ticket.purpose.value,
            expires_at=now + VALID_FOR,
        )
        await store.add_ticket(tx, row, now)
        return token

    async def redeem(self, tx: Tx, token: str) -> Ticket:
        found = await store.take_ticket(tx, self._keys.token_hashes(token), utc_now())
        if found is None:
            raise TicketRefused("The stream has no valid ticket")
        return Ticket(found[0], Purpose(found[1]))
