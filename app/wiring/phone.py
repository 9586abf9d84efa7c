"""What makes and takes telephone calls."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.calls.sessions.casting import Casting
from app.calls.sessions.phone_streams import HoldCall, PhoneStreams
from app.calls.sessions.phoning import Phoning
from app.calls.sessions.records import CallRecords
from app.calls.telephony.numbers import PhoneNumbers
from app.calls.telephony.signatures import CallbackSignatures
from app.calls.telephony.telephone import Telephone
from app.calls.telephony.tickets import StreamTickets
from app.calls.telephony.twilio_api import TwilioApi
from app.core.db import forbid_in_transaction
from app.core.http import OutboundClient
from app.core.settings import Settings
from app.core.settings import Telephony as TelephonySettings
from app.wiring.base import Foundation
from app.wiring.calling import Calling


@dataclass(frozen=True, slots=True)
class Phone:
    calls: Phoning
    streams: PhoneStreams
    numbers: PhoneNumbers
    signatures: CallbackSignatures


@dataclass(frozen=True, slots=True)
class Talking:
    """What holds a call once it is answered."""

    records: CallRecords
    casting: Casting
    hold: HoldCall


def opened_phone(
    base: Foundation, calling: Calling, talking: Talking, settings: Settings, stack: AsyncExitStack
) -> Phone:
    asked = settings.telephony
    numbers = PhoneNumbers(base.database, calling.agents.is_there)
    telephone = Telephone(
        TwilioApi(asked, _outbound(asked, stack)),
        numbers,
        StreamTickets(base.keys),
        settings.server.public_url,
    )
    records, agents, database = talking.records, calling.agents, base.database
    return Phone(
        Phoning(database, base.jobs, agents, calling.customers, records, telephone),
        PhoneStreams(database, agents, records, talking.casting, telephone, talking.hold),
        numbers,
        CallbackSignatures(asked.twilio_auth_token, asked.twilio_webhook_key),
    )


def _outbound(settings: TelephonySettings, stack: AsyncExitStack) -> OutboundClient:
    """Of the operator's own setting, wherever that is."""
    client = OutboundClient(
        forbid_in_transaction=forbid_in_transaction,
        trusted_base_urls=frozenset({settings.twilio_api_url}),
    )
    stack.push_async_callback(client.aclose)
    return client
