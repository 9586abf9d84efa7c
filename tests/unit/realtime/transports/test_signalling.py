"""Offers and candidates as browsers send them, and as somebody who means harm does."""

import time

import pytest

from app.core.errors import AppError
from app.realtime.transports.signalling import (
    LARGEST_SDP_BYTES,
    MOST_CANDIDATES,
    Candidate,
    CandidateInvalid,
    Offered,
    SdpInvalid,
    SdpTooLarge,
    check_candidates,
    check_offer,
)
from tests.browser_peer import AUDIO, DATA, OFFER, SESSION, VIDEO

HOST = "candidate:1 1 udp 2122260223 192.0.2.7 51000 typ host generation 0 ufrag abcd"
HIDDEN = "candidate:1 1 udp 2122260223 6cd3f2a1-0f4e-4a35-9a3c-12b0f8a5a1c2.local 51000 typ host"


@pytest.mark.inventory("WH-248")
def test_an_offer_of_a_browser_can_be_answered() -> None:
    ice, digests = ("abcd", "0123456789012345678901"), frozenset({":".join(["AB"] * 32)})
    assert check_offer(OFFER) == Offered(OFFER, ("0", "1", "2"), ice, digests)
    assert check_offer(SESSION + AUDIO).mids == ("0",)


def test_only_candidates_of_the_medium_that_carries_the_others_count() -> None:
    """A browser that has not bundled yet finds some for each of its connections."""
    hosts = [HOST.replace("51000", str(51_000 + number)) for number in range(3)]
    media = [
        f"{each}a={host}\r\na=end-of-candidates\r\n"
        for each, host in zip((AUDIO, VIDEO, DATA), hosts, strict=True)
    ]
    offered = check_offer(f"{SESSION}a=group:BUNDLE 0 1 2\r\n{''.join(media)}")
    assert [candidate.port for candidate in offered.candidates] == [51_000]
    assert offered.sdp == OFFER
    hidden = check_offer(f"{SESSION}{AUDIO}a={HIDDEN}\r\n")
    assert hidden.candidates[0].ip.endswith(".local")


@pytest.mark.parametrize(
    ("sdp", "why"),
    [
        ("", "no session description"),
        ("hello", "no session description"),
        ("\0" * 100, "no session description"),
        (SESSION, "Opus"),
        (SESSION + VIDEO, "Opus"),
        (OFFER.replace("opus/48000/2", "PCMU/8000"), "Opus"),
        (OFFER.replace("a=rtpmap:111 opus/48000/2", "a=rtpmap:111"), "cannot be read"),
        (OFFER.replace("m=audio 9", "m=audio nine"), "cannot be read"),
        (OFFER.replace("IN IP4 0.0.0.0", "IN IP9 0"), "cannot be read"),
        (OFFER.replace("a=setup:actpass", "a=setup:maybe"), "cannot be read"),
        (OFFER.replace("a=sctp-port:5000", "a=sctp-port:x"), "cannot be read"),
        (OFFER.replace("a=ice-ufrag:abcd\r\n", ""), "a=ice-ufrag"),
        (OFFER.replace("a=ice-pwd:0123456789012345678901\r\n", ""), "a=ice-ufrag or a=ice-pwd"),
        (OFFER.replace("sha-256", "sha-1"), "SHA-256"),
        (OFFER.replace("a=setup:actpass\r\n", ""), "a=setup"),
        (OFFER.replace("a=sctp-port:5000\r\n", ""), "a=sctp-port"),
        (OFFER.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1"), "BUNDLE"),
        (OFFER.replace("a=group:BUNDLE 0 1 2\r\n", ""), "BUNDLE"),
        (OFFER.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 1 0 2"), "carries the others"),
        (OFFER.replace("a=mid:1", "a=mid:0"), "same a=mid"),
        (OFFER.replace("a=mid:1\r\n", ""), "no a=mid"),
        (OFFER.replace("m=video", "m=text"), "neither audio nor video"),
        (SESSION + AUDIO * 9, "more than 8 media"),
        (OFFER + "a=x\r\n" * 1000, "more than 1000 lines"),
        (OFFER + "a=ssrc:1 cname:a\r\n" * 101, "more than 100 lines a=ssrc:"),
        (f"{OFFER}a={HOST.replace('192.0.2.7', 'example.com')}\r\n", "address"),
        (f"{OFFER}a={HOST}\r\n" + f"a={HOST}\r\n" * MOST_CANDIDATES, "candidates"),
    ],
)
def test_an_offer_that_nothing_can_be_set_up_with_is_refused_with_the_reason(
    sdp: str, why: str
) -> None:
    with pytest.raises(SdpInvalid, match="sdp: ") as caught:
        check_offer(sdp)
    assert why in caught.value.message
    assert caught.value.details == {"field": "sdp"}
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "sdp", [OFFER + "x" * LARGEST_SDP_BYTES, "é" * (LARGEST_SDP_BYTES // 2 + 1)]
)
def test_an_offer_of_many_bytes_is_not_even_read(sdp: str) -> None:
    with pytest.raises(SdpTooLarge) as caught:
        check_offer(sdp)
    assert caught.value.status == 413


def test_the_worst_offer_that_is_read_is_read_soon() -> None:
    """Its lines are compared with each other, so their number must be bounded: without that these
    would take minutes."""
    kinds = ("a=ssrc:{0} cname:a", "a=rtpmap:{0} x/1", "a=rtcp-fb:{0} nack")
    lines = [kind.format(number) for kind in kinds for number in range(10_000)]
    began_s = time.perf_counter()
    with pytest.raises(AppError):
        check_offer(OFFER + "\r\n".join(lines))
    assert time.perf_counter() - began_s < 5


@pytest.mark.inventory("WH-255", "EX-045")
@pytest.mark.parametrize(
    "sent",
    [
        Candidate(HOST),
        Candidate(f"a={HOST}"),
        Candidate(HOST, "0", 0),
        Candidate(HOST, "2", None),
        Candidate(HOST, None, 1),
        Candidate(HOST, "", None),
    ],
)
def test_a_candidate_with_or_without_its_medium_is_for_what_all_media_share(
    sent: Candidate,
) -> None:
    [candidate] = check_candidates([sent], ("0", "1", "2"))
    assert (candidate.ip, candidate.port, candidate.protocol) == ("192.0.2.7", 51000, "udp")


def test_an_empty_candidate_is_none() -> None:
    assert check_candidates([Candidate(""), Candidate("candidate:")], ("0",)) == []


def test_a_name_that_a_browser_hides_behind_is_kept() -> None:
    [candidate] = check_candidates([Candidate(HIDDEN)], ("0",))
    assert candidate.ip.endswith(".local")


@pytest.mark.parametrize(
    "sent",
    [
        Candidate("candidate:1 1 udp"),
        Candidate("candidate:1 one udp 1 192.0.2.7 51000 typ host"),
        Candidate(HOST.replace("192.0.2.7", "internal.example.com")),
        Candidate(HOST.replace("192.0.2.7", "a.b.local")),
        Candidate(HOST.replace("51000", "65536")),
        Candidate(HOST.replace("51000", "-1")),
        Candidate(HOST + " " * 600 + "x"),
        Candidate(HOST, "9"),
        Candidate(HOST, None, 3),
        Candidate(HOST, None, -1),
    ],
)
def test_a_candidate_that_is_none_is_refused(sent: Candidate) -> None:
    with pytest.raises(CandidateInvalid, match="candidates: "):
        check_candidates([sent], ("0", "1", "2"))


def test_too_many_candidates_at_once_are_refused() -> None:
    with pytest.raises(CandidateInvalid):
        check_candidates([Candidate(HOST)] * (MOST_CANDIDATES + 1), ("0",))
