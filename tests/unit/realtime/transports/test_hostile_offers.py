"""Offers that were spoiled in every way: each is answered or refused, and leaves nothing behind."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings, strategies

from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.metrics import Metrics
from app.realtime.transports.signalling import (
    Candidate,
    CandidateInvalid,
    Offered,
    SdpInvalid,
    SdpTooLarge,
    check_candidates,
    check_offer,
)
from app.realtime.transports.webrtc import Peers, Reach
from tests.browser_peer import OFFER
from tests.unit.realtime.transports.talking import OWNER

CHROME = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 6f7c
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 192.0.2.7 46243 typ host generation 0 network-id 1
a=candidate:842163049 1 udp 1677729535 198.51.100.9 24678 typ srflx raddr 0.0.0.0 rport 0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=ice-options:trickle
a=fingerprint:sha-256 DIGEST
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:6f7c 27d1
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:0 PCMU/8000
a=rtpmap:126 telephone-event/8000
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
a=ssrc:3570614608 msid:6f7c 27d1
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=fingerprint:sha-256 DIGEST
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".replace("DIGEST", ":".join(["D2"] * 32)).replace("\n", "\r\n")
WORDS = ("", "0", "-1", "65536", "1e9", "99999999999999999999", "x", "ä", "\0", "::1", "192.0.2.1")
SPOILED_WORDS = strategies.sampled_from(WORDS) | strategies.text(max_size=8)


@strategies.composite
def spoiled(draw: Callable[..., object]) -> str:
    """Lines that are missing, come twice, change places or say something else."""
    lines = str(draw(strategies.sampled_from((CHROME, OFFER)))).split("\r\n")
    for _ in range(int(str(draw(strategies.integers(1, 4))))):
        place = int(str(draw(strategies.integers(0, len(lines) - 1))))
        match draw(strategies.sampled_from(("drop", "repeat", "swap", "word", "cut"))):
            case "drop" if len(lines) > 1:
                lines.pop(place)
            case "repeat":
                lines.insert(place, lines[place])
            case "swap":
                lines[place], lines[place - 1] = lines[place - 1], lines[place]
            case "word":
                words = lines[place].split(" ")
                word = int(str(draw(strategies.integers(0, len(words) - 1))))
                head, colon, _ = words[word].partition(":")
                words[word] = f"{head}{colon}{draw(SPOILED_WORDS)}"
                lines[place] = " ".join(words)
            case _:
                lines[place] = lines[place][: len(lines[place]) // 2]
    return "\r\n".join(lines)


def test_these_offers_are_taken_before_they_are_spoiled() -> None:
    assert check_offer(CHROME).mids == ("0", "1")
    assert len(check_offer(CHROME).candidates) == 2


def read(sdp: str) -> Offered | None:
    try:
        return check_offer(sdp)
    except (SdpInvalid, SdpTooLarge):
        return None


@settings(max_examples=400)
@given(spoiled() | strategies.text())
def test_whatever_is_offered_is_read_or_refused(sdp: str) -> None:
    read(sdp)


@settings(max_examples=60, deadline=None)
@given(spoiled())
def test_what_was_read_is_answered_or_refused_and_nothing_stays(sdp: str) -> None:
    if offered := read(sdp):
        asyncio.run(answered(offered))


async def answered(offered: Offered) -> None:
    async with Supervisor(Metrics("0")) as supervisor:
        peers = Peers(Reach(), supervisor, ("parley", "0"), utc_now)
        try:
            peer, answer = await peers.connect(OWNER, offered, has_video=True)
        except SdpInvalid:
            pass
        else:
            assert answer.startswith("v=0")
            await peer.close()
        assert not peers.connected


@given(strategies.text(max_size=200) | strategies.lists(SPOILED_WORDS, max_size=12).map(" ".join))
def test_whatever_comes_as_a_candidate_is_read_or_refused(text: str) -> None:
    with suppress(CandidateInvalid):
        check_candidates([Candidate(f"candidate:{text}")], ("0",))
