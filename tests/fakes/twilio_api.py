"""Twilio, as much of it as calls need, as Twilio documents it: the REST interface, signed
callbacks, TwiML that is carried out, and Media Streams in real time."""

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4
from xml.etree import ElementTree as Xml

import httpx
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.bench.twilio_stream import TwilioStream
from app.core.aio import TaskScope
from tests.fakes.vendor import Answer, Asked, Refused, Vendor, said

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+14155550199"
"""Of the account, and what documents have ring at their organization."""

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_EVENTS = {"initiated", "ringing", "answered", "completed"}
_CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"


def new_number() -> str:
    """Rings nowhere yet."""
    return f"+1415{uuid4().int % 10**7:07}"


@dataclass
class TwilioCall:
    """`twiml`: what it is told to do next, or to have ended where that is empty."""

    asked: Mapping[str, list[str]]
    sid: str = field(default_factory=lambda: f"CA{uuid4().hex}")
    status: str = "queued"
    direction: str = "outbound-api"
    streams: list[TwilioStream] = field(default_factory=list[TwilioStream])
    dialled: list[str] = field(default_factory=list[str])
    rejected: str = ""
    answers: list[int] = field(default_factory=list[int])
    """The statuses that callbacks about it were answered with."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    twiml: str = ""

    def first(self, name: str, default: str = "") -> str:
        return self.asked.get(name, [default])[0]

    def change(self, twiml: str) -> None:
        """Empty: somebody hangs up."""
        self.twiml = twiml
        self.changed.set()

    async def stream(self, number: int = 0) -> TwilioStream:
        """Once it is there."""
        while len(self.streams) <= number:
            self.streaming.clear()
            await self.streaming.wait()
        return self.streams[number]


class TwilioApi(Vendor):
    """`outcome`: what becomes of calls that are made: queued for ever, answered, busy, no-answer or
    failed.
    `answered_by`: what answering-machine detection finds. `webhook_key`: what callbacks are signed
    with, by SHA-256, in the place of the token."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome = "answered"
        self.answered_by = "human"
        self.webhook_key = ""
        self.tells_twice = False
        self.calls: dict[str, TwilioCall] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[Self]:
        async with super().serving(), TaskScope() as scope:
            self._scope = scope
            yield self
            await scope.cancel()

    def answer(self, asked: Asked) -> Answer:
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}":
            raise _refused(401, 20003, "Authenticate")
        if asked.path == f"{_CALLS}.json" and asked.method == "POST":
            call = self._created(asked.body)
            self._scope.spawn("a call", self._place(call))
            return said(201, _shown(call))
        call = self.calls.get(asked.path.removeprefix(f"{_CALLS}/").removesuffix(".json"))
        if call is None:
            raise _refused(404, 20404, f"The requested resource {asked.path} was not found")
        if asked.method == "POST":
            _update(call, asked.body)
        return said(200, _shown(call))

    async def ring(self, voice_url: str, *, to: str, caller: str) -> TwilioCall:
        """Somebody calls a number whose webhook is `voice_url`."""
        call = TwilioCall({"To": [to], "From": [caller]}, direction="inbound", status="ringing")
        self.calls[call.sid] = call
        answer = await self.tell(call, voice_url, {"CallStatus": "ringing", "Direction": "inbound"})
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/xml")
        self._scope.spawn("a call", self._carry_out(call, answer.text))
        return call

    async def tell(
        self, call: TwilioCall, url: str, fields: Mapping[str, str], **headers: str
    ) -> httpx.Response:
        """A callback, signed as Twilio signs it."""
        form = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "CallerName": "",
            "From": call.first("From"),
            "To": call.first("To"),
            **fields,
        }
        key, algorithm = (self.webhook_key, HMAC_SHA256) if self.webhook_key else (TOKEN, HMAC_SHA1)
        signed = {
            "X-Twilio-Signature": RequestValidator(key).compute_signature(url, form, algorithm)
        }
        if self.webhook_key:
            settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
            signed["X-Twilio-Webhooks-Signature-Settings"] = settings
        async with httpx.AsyncClient() as client:
            answer = await client.post(url, data=form, headers=signed | headers)
        call.answers.append(answer.status_code)
        return answer

    def _created(self, asked: Mapping[str, list[str]]) -> TwilioCall:
        call = TwilioCall(asked)
        if not _E164.fullmatch(call.first("To")):
            raise _refused(400, 21211, f"The 'To' number {call.first('To')} is not valid.")
        if call.first("From") != NUMBER:
            raise _refused(400, 21210, "The source phone number is not yet verified.")
        if not 0 < len(call.first("Twiml")) <= 4000:
            raise _refused(400, 21205, "Url parameter is required.")
        assert set(asked.get("StatusCallbackEvent", [])) <= _EVENTS, asked
        assert call.first("MachineDetection", "Enable") in {"Enable", "DetectMessageEnd"}
        self.calls[call.sid] = call
        return call

    async def _place(self, call: TwilioCall) -> None:
        if self.outcome == "queued":
            return
        await self._tell_status(call, "initiated", "initiated")
        await self._tell_status(call, "ringing", "ringing")
        if self.outcome != "answered":
            await self._end(call, self.outcome)
            return
        await self._tell_status(call, "in-progress", "answered")
        async with TaskScope() as scope:
            if url := call.first("AsyncAmdStatusCallback"):
                scope.spawn("who answered", self._tell_answered(call, url))
            await self._carry_out(call, call.first("Twiml"))

    async def _carry_out(self, call: TwilioCall, twiml: str) -> None:
        call.status = "in-progress"
        while twiml:
            call.changed.clear()
            call.twiml = ""
            verb = Xml.fromstring(twiml)[0]  # noqa: S314  our own
            if verb.tag == "Connect":
                await self._stream(call, verb[0])
            elif verb.tag == "Dial":
                call.dialled.append(verb.text or "")
            elif verb.tag == "Reject":
                call.rejected = verb.attrib.get("reason", "rejected")
            else:
                raise AssertionError(f"there is no {verb.tag} here")
            twiml = call.twiml
        await self._end(call, "completed")

    async def _stream(self, call: TwilioCall, noun: Xml.Element) -> None:
        parameters = {each.attrib["name"]: each.attrib["value"] for each in noun}
        with suppress(ConnectionClosed):
            async with connect(noun.attrib["url"]) as socket:
                stream = TwilioStream(socket.send, call_sid=call.sid, parameters=parameters)
                await stream.start()
                call.streams.append(stream)
                call.streaming.set()
                await _carry(socket, stream, call.changed)

    async def _end(self, call: TwilioCall, status: str) -> None:
        await self._tell_status(call, status, "completed")
        call.over.set()

    async def _tell_status(self, call: TwilioCall, status: str, event: str) -> None:
        call.status = status
        url = call.first("StatusCallback")
        if url and event in call.asked.get("StatusCallbackEvent", []):
            for _ in range(2 if self.tells_twice else 1):
                with suppress(httpx.ConnectError):  # who has stopped is told nothing any more
                    fields = {"CallDuration": "1"} if event == "completed" else {}
                    await self.tell(call, url, fields)

    async def _tell_answered(self, call: TwilioCall, url: str) -> None:
        await call.stream()
        for _ in range(2 if self.tells_twice else 1):
            await self.tell(call, url, {"AnsweredBy": self.answered_by})


async def _carry(socket: ClientConnection, stream: TwilioStream, changed: asyncio.Event) -> None:
    async def read() -> None:
        async for text in socket:
            await stream.take(str(text))

    async with TaskScope() as scope:
        reading = scope.spawn("read", read())
        changing = scope.spawn("changed", changed.wait())
        scope.spawn("telephone", stream.run())
        await asyncio.wait({reading, changing}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await stream.stop()
        await scope.cancel()


def _update(call: TwilioCall, asked: Mapping[str, list[str]]) -> None:
    if call.over.is_set():
        raise _refused(400, 21220, "Call is not in-progress. Cannot redirect.")
    if asked.get("Status") == ["completed"]:
        call.change("")
    else:
        call.change(asked["Twiml"][0])


def _shown(call: TwilioCall) -> dict[str, Any]:
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "direction": call.direction,
        "from": call.first("From"),
        "sid": call.sid,
        "status": call.status,
        "to": call.first("To"),
        "uri": f"{_CALLS}/{call.sid}.json",
    }


def _refused(status: int, code: int, message: str) -> Refused:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Refused(status, {"code": code, "message": message, "more_info": more, "status": status})
