"""What makes and takes telephone calls."""

from contextlib import AsyncExitStack

from app.calls.events import CallEnded
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.calls.sessions.phone import Phone
from app.calls.sessions.phone_streams import PhoneStreams
from app.calls.sessions.phoning import Phoning
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


def opened_phone(
    base: Foundation,
    calling: Calling,
    calls: Calls,
    casting: Casting,
    settings: Settings,
    stack: AsyncExitStack,
) -> Phone:
    asked, agents, database = settings.telephony, calling.agents, base.database
    numbers = PhoneNumbers(database, agents.is_there)
    api = TwilioApi(asked, _outbound(asked, stack))
    telephone = Telephone(api, numbers, StreamTickets(base.keys), settings.server.public_url)
    phoning = Phoning(database, base.jobs, agents, calling.customers, calls, telephone)
    base.events.subscribe("telephone", CallEnded, phoning.note_ended)
    return Phone(
        phoning,
        PhoneStreams(database, agents, casting, calls, telephone),
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
