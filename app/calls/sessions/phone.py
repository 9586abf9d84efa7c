"""What adapters may ask of the telephone."""

from dataclasses import dataclass

from app.calls.sessions.phone_streams import PhoneStreams
from app.calls.sessions.phoning import Phoning
from app.calls.telephony.numbers import PhoneNumbers
from app.calls.telephony.signatures import CallbackSignatures


@dataclass(frozen=True, slots=True)
class Phone:
    calls: Phoning
    streams: PhoneStreams
    numbers: PhoneNumbers
    signatures: CallbackSignatures
