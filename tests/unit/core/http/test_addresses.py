"""Which addresses are public, private, loopback or never to be reached."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.http.addresses import Standing, effective, standing

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "11.0.0.0",
]
PRIVATE = [
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:a00:1::",
    "::ffff:192.168.0.1",
    "100::1",
]
LOOPBACK = [
    "127.0.0.1",
    "127.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
]
FORBIDDEN = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "169.254.170.2",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::",
    "fe80::1",
    "fe80::1%lo",
    "febf::1",
    "ff02::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:0:10.0.0.1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "::ffff:0.0.0.0",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2606:4700::1111%eth0",
]


@pytest.mark.parametrize(
    ("address", "expected"),
    [(address, Standing.PUBLIC) for address in PUBLIC]
    + [(address, Standing.PRIVATE) for address in PRIVATE]
    + [(address, Standing.LOOPBACK) for address in LOOPBACK]
    + [(address, Standing.FORBIDDEN) for address in FORBIDDEN],
)
def test_standing(address: str, expected: Standing) -> None:
    assert standing(ip_address(address)) is expected


@given(st.ip_addresses(v=4))
@example(IPv4Address("192.0.0.9"))
def test_no_ipv4_address_is_public_that_the_registry_calls_special(address: IPv4Address) -> None:
    if standing(address) is Standing.PUBLIC:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_is_public_that_the_registry_calls_special(address: IPv6Address) -> None:
    if standing(address) is Standing.PUBLIC:
        assert effective(address).is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "64:ff9b::"]))
def test_an_embedded_address_stands_as_it_does_alone(address: IPv4Address, prefix: str) -> None:
    embedded = IPv6Address(int(IPv6Address(prefix)) + int(address))
    assert standing(embedded) is standing(address)


@given(st.ip_addresses(v=4), st.integers(0, 2**80 - 1))
def test_a_6to4_address_stands_as_its_router_does(address: IPv4Address, rest: int) -> None:
    sixtofour = IPv6Address((0x2002 << 112) + (int(address) << 80) + rest)
    assert standing(sixtofour) is standing(address)
