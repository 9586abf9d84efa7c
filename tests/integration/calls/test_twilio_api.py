"""Our client of Twilio's REST interface beside the official one, against the same server."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from app.calls.telephony.twilio_api import (
    RING_S,
    NumberRefused,
    OutgoingCall,
    TwilioApi,
    TwilioNotSetUp,
    TwilioRefused,
)
from app.core.http import OutboundClient, OutboundFailed
from app.core.setting_fields import Secret
from app.core.settings import Telephony
from tests.fakes import twilio_api as fake
from tests.fakes.vendor import Answer, said

TWIML = "<Response><Reject/></Response>"
CALL = OutgoingCall(
    to="+14155550100",
    twiml=TWIML,
    status_url="http://127.0.0.1:9/status?a=1&b=2",
    machine_url="http://127.0.0.1:9/amd",
    detection="DetectMessageEnd",
)


@pytest.fixture
async def twilio() -> AsyncGenerator[fake.TwilioApi]:
    async with fake.TwilioApi().serving() as server:
        server.outcome = "queued"
        yield server


@pytest.fixture
async def outbound(twilio: fake.TwilioApi) -> AsyncGenerator[OutboundClient]:
    client = OutboundClient(
        forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({twilio.url})
    )
    yield client
    await client.aclose()


def settings(url: str, **others: str) -> Telephony:
    given = {
        "twilio_account_sid": fake.ACCOUNT,
        "twilio_auth_token": fake.TOKEN,
        "twilio_phone_number": fake.NUMBER,
    } | others
    return Telephony(
        twilio_account_sid=given["twilio_account_sid"],
        twilio_auth_token=Secret(given["twilio_auth_token"]),
        twilio_phone_number=given["twilio_phone_number"],
        twilio_api_url=url,
    )


class AtTheFake(TwilioHttpClient):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        return super().request(
            method, url.replace("https://api.twilio.com", self._url), *rest, **named
        )


def official(twilio: fake.TwilioApi, token: str = fake.TOKEN) -> Client:
    return Client(fake.ACCOUNT, token, http_client=AtTheFake(twilio.url))


async def test_our_request_is_the_official_client_s(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    sid = await TwilioApi(settings(twilio.url), outbound).call(CALL)
    assert twilio.calls[sid].first("To") == CALL.to
    theirs = await asyncio.to_thread(
        official(twilio).calls.create,
        to=CALL.to,
        from_=fake.NUMBER,
        twiml=TWIML,
        timeout=RING_S,
        status_callback=CALL.status_url,
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        machine_detection="DetectMessageEnd",
        async_amd="true",
        async_amd_status_callback=CALL.machine_url,
    )
    assert theirs.status == "queued"
    assert theirs.sid in twilio.calls
    ours_asked, theirs_asked = [each for each in twilio.asked if each.path.endswith("Calls.json")]
    assert ours_asked.path == theirs_asked.path
    assert ours_asked.body == theirs_asked.body
    assert ours_asked.headers["authorization"] == theirs_asked.headers["authorization"]


async def test_calls_are_hung_up_and_redirected_as_by_the_official_client(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    api = TwilioApi(settings(twilio.url), outbound)
    sid = await api.call(CALL)
    await api.redirect(sid, TWIML)
    await api.hang_up(sid)
    call = official(twilio).calls(sid)
    await asyncio.to_thread(call.update, twiml=TWIML)
    await asyncio.to_thread(call.update, status="completed")
    ours, theirs = twilio.asked[1:3], twilio.asked[3:5]
    assert [(each.path, each.body) for each in ours] == [(e.path, e.body) for e in theirs]


async def test_a_call_that_is_over_is_hung_up_already(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    api = TwilioApi(settings(twilio.url), outbound)
    sid = await api.call(CALL)
    twilio.calls[sid].over.set()
    await api.hang_up(sid)
    with pytest.raises(TwilioRestException, match="not in-progress"):
        await asyncio.to_thread(official(twilio).calls(sid).update, status="completed")


async def test_what_cannot_be_called_names_its_field(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    twilio.scripted.append(said(400, {"code": 21217, "message": "not valid", "status": 400}))
    with pytest.raises(NumberRefused) as caught:
        await TwilioApi(settings(twilio.url), outbound).call(CALL)
    assert caught.value.details == {"field": "to"}
    assert "not valid" in caught.value.message


@pytest.mark.parametrize("missing", ["account_sid", "auth_token", "phone_number"])
async def test_what_is_not_set_up_is_named(
    twilio: fake.TwilioApi, outbound: OutboundClient, missing: str
) -> None:
    api = TwilioApi(settings(twilio.url, **{f"twilio_{missing}": ""}), outbound)
    with pytest.raises(TwilioNotSetUp, match=f"TWILIO_{missing.upper()} is not set"):
        await api.call(CALL)
    assert twilio.asked == []


async def test_a_wrong_token_is_the_operator_s_to_mend(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    api = TwilioApi(settings(twilio.url, twilio_auth_token="wrong"), outbound)
    with pytest.raises(TwilioNotSetUp, match="TWILIO_AUTH_TOKEN"):
        await api.call(CALL)
    with pytest.raises(TwilioRestException, match="Authenticate"):
        await asyncio.to_thread(
            official(twilio, "wrong").calls.create, to=CALL.to, from_=fake.NUMBER, twiml=TWIML
        )


@pytest.mark.parametrize(
    "answer",
    [
        said(500, {"code": 20500, "message": "Internal error", "status": 500}),
        Answer(503, "text/html", [b"<html>"]),
        Answer(201, "application/json", [b"{}"]),
        Answer(201, "application/json", [b"\xff"]),
        said(429, []),
    ],
)
async def test_whatever_twilio_answers_is_told_as_a_refusal(
    twilio: fake.TwilioApi, outbound: OutboundClient, answer: Answer
) -> None:
    twilio.scripted.append(answer)
    with pytest.raises(TwilioRefused):
        await TwilioApi(settings(twilio.url), outbound).call(CALL)


async def test_no_answer_at_all_is_told_too(
    twilio: fake.TwilioApi, outbound: OutboundClient
) -> None:
    twilio.scripted.append(Answer(0, "", [], cut=True))
    with pytest.raises(OutboundFailed):
        await TwilioApi(settings(twilio.url), outbound).call(CALL)
