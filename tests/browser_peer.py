"""A browser as far as WebRTC goes: an aiortc peer that speaks as the Pipecat client does."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from aioice import Connection
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import SessionDescription
from av import AudioFrame

from app.core.aio import Supervisor
from app.core.audio.convert import Samples, float_from_int16
from app.core.metrics import Metrics
from app.realtime.playout import Playout
from app.realtime.transports.ice import IcePath
from app.realtime.transports.media import PlayoutTrack, mono_pcm

RATE = 24_000
HEARD_RATE = 48_000
_ECHO_FRAMES = 10

SESSION = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
KEYS = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
    f"a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n{KEYS}"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
    f"a=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n{KEYS}"
)
DATA = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
    f"a=mid:2\r\na=sctp-port:5000\r\n{KEYS}"
)
OFFER = f"{SESSION}a=group:BUNDLE 0 1 2\r\n{AUDIO}{VIDEO}{DATA}"
"""What a browser offers, written out: nobody is behind it."""


class BrowserPeer:
    """`said`: what it says, played in real time. `messages`: what it was told. `roams`: can change
    its network. `relay`: it is reached through that alone. `echo`: so much of what it hears comes
    back from its microphone, 200 ms later."""

    def __init__(
        self,
        *,
        camera: bool = False,
        roams: bool = False,
        relay: RTCIceServer | None = None,
        echo: float = 0.0,
    ) -> None:
        self.said = Playout(RATE, ahead_s=60)
        self.messages: list[dict[str, Any]] = []
        self.levels: list[int] = []
        """The loudest sample of each frame that it heard."""
        self._echo = echo
        self._on_its_way: deque[Samples] = deque()
        self._news = asyncio.Event()
        self._scope = Supervisor(Metrics("0"))
        policy = RTCIceTransportPolicy.RELAY if relay else RTCIceTransportPolicy.ALL
        servers = [relay] if relay else []
        self.pc = RTCPeerConnection(RTCConfiguration(servers, iceTransportPolicy=policy))
        self.pc.addTransceiver(PlayoutTrack(self.said))
        self.pc.addTransceiver(VideoStreamTrack() if camera else "video")
        self.channel: RTCDataChannel = self.pc.createDataChannel("chat")
        self.channel.on("message", self._told)
        self.channel.on("open", self._news.set)
        self.pc.on("track", self._hear)
        self._transport = self.pc.getTransceivers()[0].receiver.transport.transport
        self._path = IcePath(self._transport, lambda: servers) if roams else None

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, answer: str) -> None:
        answer = answer.replace("a=end-of-candidates\r\n", "")
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def restarting_offer(self) -> str:
        """From the addresses that it has now."""
        assert self._path
        await self._path.look_around()
        return await self.offer()

    async def restart(self, answer: str) -> None:
        assert self._path
        await self.accept(answer)
        ice = SessionDescription.parse(answer).media[0].ice
        assert ice
        assert ice.usernameFragment
        assert ice.password
        await self._path.move(ice.usernameFragment, ice.password)

    def lose_network(self) -> None:
        """Nothing comes through its sockets any more, in no direction. It can have new ones."""
        connection: Connection = self._transport._connection
        for protocol in connection._protocols:
            protocol.datagram_received = lambda data, address: None
            protocol.transport.sendto = lambda data, address: None

    async def opened(self) -> None:
        await self._until(lambda: self.channel.readyState == "open")

    def send(self, kind: str, data: Any = None, message_id: str = "c1") -> None:
        message = {"label": "rtvi-ai", "type": kind, "id": message_id, "data": data}
        self.channel.send(json.dumps(message))

    async def told(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The message of this type that is the `count`th."""

        def found() -> list[dict[str, Any]]:
            return [message for message in self.messages if message["type"] == kind]

        await self._until(lambda: len(found()) >= count)
        return found()[count - 1]

    async def heard_something(self, level: int = 1000) -> None:
        self.levels.clear()
        await self._until(lambda: any(each > level for each in self.levels))

    async def say(self, sound: Samples) -> None:
        """Until all of it was sent."""
        await self.said.play(sound)
        await self.said.drained()

    async def close(self) -> None:
        await self._scope.close()
        if self._path:
            await self._path.close()
        await self.pc.close()

    async def _until(self, is_so: Any) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def _told(self, text: str) -> None:
        self.messages.append(json.loads(text))
        self._news.set()

    def _hear(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._scope.spawn("listens", self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                pcm = np.frombuffer(mono_pcm(frame), np.int16)
                self.levels.append(int(np.abs(pcm.astype(np.int32)).max(initial=0)))
                self._news.set()
                if self._echo:
                    self._return(pcm)

    def _return(self, heard: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        self._on_its_way.append(float_from_int16(heard[:: HEARD_RATE // RATE]) * self._echo)
        if len(self._on_its_way) > _ECHO_FRAMES:
            self.said.murmur(self._on_its_way.popleft())


@asynccontextmanager
async def browser(
    *,
    camera: bool = False,
    roams: bool = False,
    relay: RTCIceServer | None = None,
    echo: float = 0.0,
) -> AsyncGenerator[BrowserPeer]:
    peer = BrowserPeer(camera=camera, roams=roams, relay=relay, echo=echo)
    try:
        yield peer
    finally:
        await peer.close()
