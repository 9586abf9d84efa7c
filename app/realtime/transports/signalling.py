"""What a browser sends to set up WebRTC, checked before anything is opened for it. Pure.

Reading a description takes time that grows with its square, so its size is bounded first, and
whatever the reader stumbles over is the fault of who sent it.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aiortc import RTCIceCandidate
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp

from app.core.errors import InvalidInput, TooLarge

LARGEST_SDP_BYTES = 32 * 1024
_MOST_LINES = 1000
_MOST_MEDIA = 8
_MOST_ALIKE = 100
"""Codecs, sources and feedback rules of one medium."""
MOST_CANDIDATES = 50
_LONGEST_CANDIDATE = 500
_DIGESTS = ("sha-256", "sha-384", "sha-512")
_LOCAL_NAME = re.compile(r"[0-9A-Za-z-]{1,63}\.local")
_CANDIDATE_LINES = ("a=candidate:", "a=end-of-candidates")
_KINDS = ("audio", "video", "application")


class SdpInvalid(InvalidInput):
    """The message says why nothing can be set up with it."""

    code = "sdp_invalid"

    def __init__(self, fault: str) -> None:
        super().__init__(f"sdp: {fault}", field="sdp")


class SdpTooLarge(TooLarge):
    code = "sdp_too_large"

    def __init__(self) -> None:
        super().__init__(f"sdp: more than {LARGEST_SDP_BYTES} bytes", field="sdp")


class CandidateInvalid(InvalidInput):
    code = "candidate_invalid"

    def __init__(self, fault: str) -> None:
        super().__init__(f"candidates: {fault}", field="candidates")


@dataclass(frozen=True, slots=True)
class Candidate:
    """As it was sent. `text` empty: there are no more."""

    text: str
    mid: str | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A description that can be answered. `ice`: name and password, which change where ICE is
    restarted. `digests`: of the certificates, which change where the whole end does. `candidates`
    of the medium that carries the others stand beside the text, and in it are none: aiortc would
    take those of the last."""

    sdp: str
    mids: tuple[str, ...]
    ice: tuple[str, str]
    digests: frozenset[str]
    candidates: tuple[RTCIceCandidate, ...] = ()


def check_offer(sdp: str) -> Offered:
    """Takes a few milliseconds. Raises `SdpInvalid` or `SdpTooLarge`."""
    if len(sdp) > LARGEST_SDP_BYTES or len(sdp.encode(errors="replace")) > LARGEST_SDP_BYTES:
        raise SdpTooLarge
    _check_shape(sdp)
    try:
        description = SessionDescription.parse(sdp)
    except Exception:  # noqa: BLE001  it raises whatever it stumbles over
        raise SdpInvalid("it cannot be read") from None
    media = description.media
    if not any(map(_offers_opus, media)):
        raise SdpInvalid("it offers no audio with the codec Opus")
    ice = [_check_medium(medium) for medium in media]
    certificates = (medium.dtls.fingerprints for medium in media if medium.dtls)
    digests = frozenset(digest.value.upper() for each in certificates for digest in each)
    mids = tuple(medium.rtp.muxId for medium in media)
    if len(set(mids)) < len(mids):
        raise SdpInvalid("two media have the same a=mid")
    bundles = [group.items for group in description.group if group.semantic == "BUNDLE"]
    if len(media) > 1 and (not bundles or set(bundles[0]) != set(mids)):
        raise SdpInvalid("its media are not all in one a=group:BUNDLE")
    if bundles and bundles[0][0] != mids[0]:
        raise SdpInvalid("another than the first medium carries the others")
    candidates = tuple(media[0].ice_candidates)
    return Offered(_without_candidates(sdp), mids, ice[0], digests, candidates)


def check_candidates(candidates: Sequence[Candidate], mids: Sequence[str]) -> list[RTCIceCandidate]:
    """Without those that say that no more come. One that says no medium is for all of them, which
    are bundled."""
    if len(candidates) > MOST_CANDIDATES:
        raise CandidateInvalid(f"more than {MOST_CANDIDATES}")
    checked = [_candidate(candidate, mids) for candidate in candidates]
    return [candidate for candidate in checked if candidate]


def _without_candidates(sdp: str) -> str:
    lines = sdp.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_CANDIDATE_LINES))


def _check_shape(sdp: str) -> None:
    lines = sdp.splitlines()
    if not lines or not lines[0].startswith("v="):
        raise SdpInvalid("it is no session description")
    if len(lines) > _MOST_LINES:
        raise SdpInvalid(f"more than {_MOST_LINES} lines")
    sections = sdp.split("\nm=")[1:]
    if len(sections) > _MOST_MEDIA:
        raise SdpInvalid(f"more than {_MOST_MEDIA} media")
    for section in sections:
        for kind in ("a=ssrc:", "a=rtpmap:", "a=rtcp-fb:", "a=candidate:", "a=extmap:"):
            if section.count(kind) > _MOST_ALIKE:
                raise SdpInvalid(f"more than {_MOST_ALIKE} lines {kind} in one medium")


def _offers_opus(medium: MediaDescription) -> bool:
    return medium.kind == "audio" and any(
        codec.mimeType.lower() == "audio/opus" for codec in medium.rtp.codecs
    )


def _check_medium(medium: MediaDescription) -> tuple[str, str]:
    """Gives name and password of its end of ICE."""
    if medium.kind not in _KINDS:
        raise SdpInvalid("a medium is neither audio nor video nor data")
    if not medium.rtp.muxId:
        raise SdpInvalid("a medium has no a=mid")
    if not medium.ice or not medium.ice.usernameFragment or not medium.ice.password:
        raise SdpInvalid("a medium has no a=ice-ufrag or a=ice-pwd")
    digests = medium.dtls.fingerprints if medium.dtls else []
    if not any(digest.algorithm.lower() in _DIGESTS for digest in digests):
        raise SdpInvalid("a medium has no a=setup or no a=fingerprint with SHA-256 or longer")
    if medium.kind == "application" and medium.sctp_port is None:
        raise SdpInvalid("the data channel has no a=sctp-port")
    if len(medium.ice_candidates) > MOST_CANDIDATES:
        raise SdpInvalid(f"more than {MOST_CANDIDATES} candidates in one medium")
    for candidate in medium.ice_candidates:
        if not _is_host(candidate.ip):
            raise SdpInvalid("the address of a candidate is none")
    return medium.ice.usernameFragment, medium.ice.password


def _candidate(asked: Candidate, mids: Sequence[str]) -> RTCIceCandidate | None:
    text = asked.text.strip().removeprefix("a=").removeprefix("candidate:")
    if not text:
        return None
    if len(text) > _LONGEST_CANDIDATE:
        raise CandidateInvalid(f"one is longer than {_LONGEST_CANDIDATE} characters")
    try:
        candidate = candidate_from_sdp(text)
    except Exception:  # noqa: BLE001  it raises whatever it stumbles over
        raise CandidateInvalid("one cannot be read") from None
    if not _is_host(candidate.ip) or not 0 <= candidate.port <= 65535:
        raise CandidateInvalid("the address of one is none")
    if asked.mid and asked.mid not in mids:
        raise CandidateInvalid("one is for a medium that was not offered")
    if asked.index is not None and not 0 <= asked.index < len(mids):
        raise CandidateInvalid("one is for a medium that was not offered")
    return candidate


def _is_host(host: str) -> bool:
    """An address, or a name that browsers hide theirs behind. Other names are never looked up."""
    if _LOCAL_NAME.fullmatch(host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
