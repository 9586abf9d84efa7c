"""Twilio's REST interface, as much of it as calls need."""

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

import msgspec

from app.core.errors import Unavailable, Unprocessable, UpstreamFailed
from app.core.http import OutboundClient, OutboundResponse
from app.core.settings import Telephony

log = logging.getLogger(__name__)

STATUSES_TOLD = ("initiated", "ringing", "answered", "completed")
RING_S = 60
_NUMBER_FAULTS = frozenset({13223, 13224, 21210, 21211, 21214, 21215, 21216, 21217, 21219})
"""Twilio's errors about the number that is to be called."""
_CALL_IS_OVER = 21220

MachineDetection = Literal["Enable", "DetectMessageEnd"]
Fields = Sequence[tuple[str, str]]


class TwilioNotSetUp(Unavailable):
    pass


class NumberRefused(Unprocessable):
    """By Twilio."""

    code = "phone_number_refused"


class TwilioRefused(UpstreamFailed):
    pass


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """`machine_url` is told whether a machine answered; `DetectMessageEnd` waits for its beep."""

    to: str
    twiml: str
    status_url: str
    machine_url: str
    detection: MachineDetection


class _Created(msgspec.Struct, frozen=True):
    sid: str


class _Fault(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class TwilioApi:
    """`outbound` must reach the address in the settings."""

    def __init__(self, settings: Telephony, outbound: OutboundClient) -> None:
        self._settings = settings
        self._outbound = outbound

    @property
    def number(self) -> str:
        return self._settings.twilio_phone_number

    def require_set_up(self) -> None:
        for name, value in (
            ("TWILIO_ACCOUNT_SID", self._settings.twilio_account_sid),
            ("TWILIO_AUTH_TOKEN", self._settings.twilio_auth_token),
            ("TWILIO_PHONE_NUMBER", self._settings.twilio_phone_number),
        ):
            if not value:
                raise TwilioNotSetUp(f"No telephone calls can be made: {name} is not set")

    async def call(self, call: OutgoingCall) -> str:
        """The call's SID. Raises `NumberRefused` for a number that cannot be called."""
        answer = await self._post(
            "Calls.json",
            [
                ("To", call.to),
                ("From", self.number),
                ("Twiml", call.twiml),
                ("Timeout", str(RING_S)),
                ("StatusCallback", call.status_url),
                *(("StatusCallbackEvent", status) for status in STATUSES_TOLD),
                ("MachineDetection", call.detection),
                ("AsyncAmd", "true"),
                ("AsyncAmdStatusCallback", call.machine_url),
            ],
        )
        try:
            return msgspec.json.decode(answer.body, type=_Created).sid
        except msgspec.DecodeError:
            raise TwilioRefused("Twilio's answer could not be read") from None

    async def hang_up(self, sid: str) -> None:
        await self._change(sid, [("Status", "completed")])

    async def redirect(self, sid: str, twiml: str) -> None:
        """From what it does now to something else."""
        await self._change(sid, [("Twiml", twiml)])

    async def _change(self, sid: str, fields: Fields) -> None:
        """Nothing where the call is over already."""
        try:
            await self._post(f"Calls/{sid}.json", fields)
        except TwilioRefused as error:
            if error.details.get("twilio_code") != _CALL_IS_OVER:
                raise

    async def _post(self, path: str, fields: Fields) -> OutboundResponse:
        self.require_set_up()
        account = self._settings.twilio_account_sid
        login = f"{account}:{self._settings.twilio_auth_token}".encode()
        answer = await self._outbound.request(
            "POST",
            f"{self._settings.twilio_api_url.rstrip('/')}/2010-04-01/Accounts/{account}/{path}",
            headers={
                "Authorization": f"Basic {base64.b64encode(login).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=urlencode(fields).encode(),
        )
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer


def _refusal(answer: OutboundResponse) -> NumberRefused | TwilioNotSetUp | TwilioRefused:
    fault = _fault(answer.body)
    log.warning("Twilio refused a request", extra={"status": answer.status, "fault": fault.code})
    if answer.status == 401:
        return TwilioNotSetUp("Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN")
    if fault.code in _NUMBER_FAULTS:
        return NumberRefused(f"to: Twilio cannot call it: {fault.message}", field="to")
    said = fault.message or f"status {answer.status}"
    return TwilioRefused(f"Twilio refused: {said}", twilio_code=fault.code)


def _fault(body: bytes) -> _Fault:
    try:
        return msgspec.json.decode(body, type=_Fault)
    except msgspec.DecodeError:
        return _Fault()
