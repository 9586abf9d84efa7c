"""One WebRTC connection: answers offers, and hands on what comes through it. Knows no session."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from av.video.frame import VideoFrame

from app.core.aio import Supervisor
from app.core.audio.convert import Samples
from app.realtime.playout import Playout
from app.realtime.transports.ice import IcePath
from app.realtime.transports.ice_servers import IceServers
from app.realtime.transports.media import (
    HEARD_RATE,
    OpusInOrder,
    PicturesInDemand,
    PlayoutTrack,
    SoundInTime,
)
from app.realtime.transports.pieces import PiecesInBounds
from app.realtime.transports.signalling import Offered, SdpInvalid

_MOST_UNSENT_BYTES = 256 * 1024
_ANSWER_S = 15.0
_FAREWELL_S = 0.3

log = logging.getLogger(__name__)


class FarEnd(Protocol):
    """Told what comes. None of these waits."""

    def said(self, sound: Samples) -> None: ...

    def heard(self, sound: bytes) -> None: ...

    def looks(self) -> bool: ...

    def seen(self, picture: VideoFrame) -> None: ...

    def received(self, text: str) -> None: ...

    def connected(self) -> None: ...

    def hung_up(self) -> None: ...


class Link:
    def __init__(
        self,
        ice_servers: IceServers,
        playout: Playout,
        far_end: FarEnd,
        supervisor: Supervisor,
        *,
        has_video: bool,
    ) -> None:
        self._ice_servers = ice_servers
        self._pc = RTCPeerConnection(
            RTCConfiguration(list(ice_servers.now()), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._voice = PlayoutTrack(playout, far_end.said)
        self._far_end = far_end
        self._supervisor = supervisor
        self._has_video = has_video
        self._offered: Offered | None = None
        self._path: IcePath | None = None
        self._channel: RTCDataChannel | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._pc.on("track", self._read)
        self._pc.on("datachannel", self._open)
        self._pc.on("connectionstatechange", self._changed)

    @property
    def mids(self) -> Sequence[str]:
        return self._offered.mids if self._offered else ()

    def can_take(self, offered: Offered) -> bool:
        """The first, and what comes of the same end. Where that has moved, only a way that was
        open can move with it."""
        before = self._offered
        if before is None or self._path is None:
            return before is None
        is_same = before.digests == offered.digests
        return is_same and (before.ice == offered.ice or self._path.is_open)

    async def answer(self, offered: Offered) -> str:
        """Waits until our own addresses are known: the answer names them all. One at a time."""
        has_moved = self._offered is not None and self._offered.ice != offered.ice
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._negotiate(offered, has_moved=has_moved)
        except Exception as error:
            log.info("an offer could not be answered: %s", type(error).__name__)
            if self._path and has_moved:
                await self._path.stay()
            raise SdpInvalid("it cannot be answered") from error
        self._offered = offered
        if self._path and has_moved:
            self._supervisor.spawn("webrtc moves", self._path.move(*offered.ice))
        return self._pc.localDescription.sdp

    def add_candidates(self, candidates: Sequence[RTCIceCandidate]) -> None:
        """Behind the name that a browser hides its address behind, somebody has to be found."""
        for candidate in candidates:
            if self._path:
                self._supervisor.spawn("webrtc candidate", self._path.add(candidate))

    def send(self, text: str) -> None:
        """Lost where nobody reads."""
        channel = self._channel
        if channel and channel.readyState == "open" and channel.bufferedAmount < _MOST_UNSENT_BYTES:
            channel.send(text)

    async def close(self) -> None:
        """What was sent last gets a moment to leave."""
        for reader in self._readers:
            reader.cancel()
        if self._channel:
            self._channel.remove_all_listeners()
            await _sent(self._channel)
        self._pc.remove_all_listeners()
        if self._path:
            await self._path.close()
        await self._pc.close()

    async def _negotiate(self, offered: Offered, *, has_moved: bool) -> None:
        if self._path and has_moved:
            await self._path.look_around()
        await self._pc.setRemoteDescription(RTCSessionDescription(offered.sdp, "offer"))
        self._choose_media()
        if self._pc.sctp:
            PiecesInBounds.take_over(self._pc.sctp, self._far_end.hung_up)
        is_new = self._path is None
        if self._path is None:
            transport = self._pc.getTransceivers()[0].receiver.transport.transport
            self._path = IcePath(transport, self._ice_servers.now)
        self.add_candidates(offered.candidates)
        await self._pc.setLocalDescription()
        if is_new or has_moved:
            self._ice_servers.note(self._path.own_candidates)

    def _choose_media(self) -> None:
        """One audio both ways; the first video where it is wanted; what else is offered is never
        sent, nor decoded."""
        wanted = {"audio": "sendrecv", "video": "recvonly" if self._has_video else "inactive"}
        for transceiver in self._pc.getTransceivers():
            transceiver.direction = wanted.get(transceiver.kind, "inactive")
            match wanted.pop(transceiver.kind, None):
                case "sendrecv":
                    transceiver.sender.replaceTrack(self._voice)
                    OpusInOrder.take_over(transceiver.receiver)
                case "recvonly":
                    PicturesInDemand.take_over(transceiver.receiver, self._far_end.looks)
                case _:
                    pass

    def _read(self, track: MediaStreamTrack) -> None:
        work = self._hear(track) if track.kind == "audio" else self._watch(track)
        self._readers.append(self._supervisor.spawn("webrtc track", work))

    async def _hear(self, track: MediaStreamTrack) -> None:
        sound = SoundInTime()
        with suppress(MediaStreamError):
            while True:
                frame = await _next(track)
                if isinstance(frame, AudioFrame) and frame.sample_rate == HEARD_RATE:
                    self._far_end.heard(sound.pcm(frame))
        self._far_end.hung_up()

    async def _watch(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                picture = await _next(track)
                if isinstance(picture, VideoFrame):
                    self._far_end.seen(picture)

    def _open(self, channel: RTCDataChannel) -> None:
        """The first is for messages; others are for nothing."""
        if self._channel:
            return
        self._channel = channel
        channel.on("message", self._received)
        channel.on("close", self._far_end.hung_up)

    def _received(self, message: Any) -> None:
        if isinstance(message, str):
            self._far_end.received(message)

    def _changed(self) -> None:
        if self._pc.connectionState == "connected":
            self._far_end.connected()
        elif self._is_refused():
            self._far_end.hung_up()

    def _is_refused(self) -> bool:
        """Its certificate is not the one that it offered. Where only the way is lost, another may
        be found."""
        transports = {each.receiver.transport for each in self._pc.getTransceivers()}
        return any(transport.state == "failed" for transport in transports)


async def _next(track: MediaStreamTrack) -> object:
    """aiortc does not say of which kind."""
    return await track.recv()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


async def _sent(channel: RTCDataChannel) -> None:
    """All that waits in it, or what can be in a moment."""
    sent = asyncio.Event()
    channel.on("bufferedamountlow", sent.set)
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            while channel.bufferedAmount:
                await sent.wait()
                sent.clear()
