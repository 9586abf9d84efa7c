"""A telephone that calls through Twilio, as Twilio documents itself: a signed webhook, then Media
Streams in real time, and a tape of both directions."""

import asyncio
import base64
import hmac
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as Xml

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.bench.talk_caller import TRIES, TRY_AGAIN_S, CallRefused
from app.bench.tape import audible
from app.bench.twilio_stream import FRAME_S, TwilioStream
from app.core.aio import TaskScope
from app.core.audio.convert import Samples, float_from_int16, int16_from_float
from app.core.audio.g711 import decode_mulaw, encode_mulaw

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105  of an account that is not there
NUMBER = "+14155550199"
CALLER = "+14155550100"
RATE = 8000
_PATIENCE_S = 30.0
_QUIET_S = 1.0
_LOOK_S = 0.02


class Telephone:
    def __init__(self, stream: TwilioStream) -> None:
        self._stream = stream

    async def say(self, sound: Samples) -> None:
        """At 8 kHz, in as long as it takes."""
        self._stream.say(encode_mulaw(int16_from_float(sound)))
        await asyncio.sleep(sound.size / RATE + FRAME_S)

    async def answered(self) -> None:
        """Something was heard from now on, and then silence; or it is in vain to wait."""
        begin = len(self._stream.heard)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while not _is_over(self._stream.heard[begin:]):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)

    @property
    def stereo(self) -> Samples:
        said, heard = _sound(self._stream.said), _sound(self._stream.heard)
        size = min(said.size, heard.size)
        return np.stack([said[:size], heard[:size]])


@asynccontextmanager
async def ringing(url: str) -> AsyncGenerator[Telephone]:
    """A call of our number that is answered."""
    noun = await _stream_of(f"{url}/bot/api/calls/twilio-voice")
    parameters = {each.attrib["name"]: each.attrib["value"] for each in noun}
    async with connect(noun.attrib["url"]) as socket, TaskScope() as scope:
        stream = TwilioStream(socket.send, parameters=parameters)
        await stream.start()
        scope.spawn("far end", _read(socket, stream))
        scope.spawn("telephone", stream.run())
        yield Telephone(stream)
        await stream.stop()
        await scope.cancel()


async def _stream_of(url: str) -> Xml.Element:
    """Whoever hears the busy tone calls again."""
    for _ in range(TRIES):
        noun = (await _twiml(url)).find("Connect/Stream")
        if noun is not None:
            return noun
        await asyncio.sleep(TRY_AGAIN_S)
    raise CallRefused("the line is busy")


async def _twiml(url: str) -> Xml.Element:
    form = {
        "AccountSid": ACCOUNT,
        "CallSid": f"CA{uuid4().hex}",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": CALLER,
        "To": NUMBER,
    }
    async with httpx.AsyncClient() as client:
        headers = {"X-Twilio-Signature": _signature(url, form)}
        answer = await client.post(url, data=form, headers=headers)
    answer.raise_for_status()
    return Xml.fromstring(answer.text)  # noqa: S314  our own


def _signature(url: str, form: Mapping[str, str]) -> str:
    told = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), told.encode(), "sha1")).decode()


async def _read(socket: ClientConnection, stream: TwilioStream) -> None:
    with suppress(ConnectionClosed):
        async for text in socket:
            await stream.take(str(text))


def _is_over(heard: bytearray) -> bool:
    loud = audible(_sound(heard))
    return bool(loud.size) and len(heard) - int(loud[-1]) > _QUIET_S * RATE


def _sound(mulaw: Any) -> Samples:
    return float_from_int16(decode_mulaw(bytes(mulaw)))
