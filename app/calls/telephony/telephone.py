"""How calls reach us from the telephone network, and how we reach into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from app.calls.telephony import twiml
from app.calls.telephony.numbers import PhoneNumbers
from app.calls.telephony.tickets import StreamTickets, Ticket
from app.calls.telephony.twilio_api import TwilioApi
from app.core.db import Tx

STREAM_PATH = "/ws/twilio"
VOICE_PATH = "/bot/api/calls/twilio-voice"
STATUS_PATH = "/bot/api/calls/twilio-status"
MACHINE_PATH = "/bot/api/calls/twilio-amd"
ORGANIZATION, CALL, TICKET = "organization", "call", "ticket"


@dataclass(frozen=True, slots=True)
class Telephone:
    """`public_url`: where Twilio reaches us."""

    api: TwilioApi
    numbers: PhoneNumbers
    tickets: StreamTickets
    public_url: str

    async def connected(self, tx: Tx, ticket: Ticket) -> str:
        """TwiML that brings the call here, once."""
        token = await self.tickets.issue(tx, ticket)
        url = f"ws{self.url_of(STREAM_PATH).removeprefix('http')}"
        return twiml.connect(url, {ORGANIZATION: str(tx.org_id), TICKET: token})

    def callback_url(self, path: str, org_id: UUID, call_id: UUID) -> str:
        return self.url_of(path, {ORGANIZATION: str(org_id), CALL: str(call_id)})

    def url_of(self, path: str, query: Mapping[str, str] | None = None) -> str:
        return f"{self.public_url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
