"""Which IP addresses lie on the public internet. Pure: it resolves nothing and connects nowhere."""

from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address


class Standing(Enum):
    PUBLIC = auto()
    PRIVATE = auto()  # an operator may allow it
    LOOPBACK = auto()  # an operator may allow it where the process permits loopback at all
    FORBIDDEN = auto()  # no rule opens it


_V4_LOOPBACK = IPv4Network("127.0.0.0/8")
_V4_FORBIDDEN = (
    IPv4Network("0.0.0.0/8"),  # "this host": Linux takes it to loopback
    IPv4Network("100.100.100.200/32"),  # metadata of Alibaba Cloud, inside the CGNAT range
    IPv4Network("168.63.129.16/32"),  # wire server of Azure, though it looks public
    IPv4Network("169.254.0.0/16"),  # link-local, metadata of most clouds
    IPv4Network("192.0.0.192/32"),  # metadata of Oracle Cloud
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, broadcast
)
_V4_PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments
    IPv4Network("192.0.2.0/24"),  # documentation
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),  # benchmarking
    IPv4Network("198.51.100.0/24"),  # documentation
    IPv4Network("203.0.113.0/24"),  # documentation
)

_V6_MAPPED = IPv6Network("::ffff:0:0/96")
_V6_NAT64 = IPv6Network("64:ff9b::/96")
_V6_6TO4 = IPv6Network("2002::/16")
_V6_LOOPBACK = IPv6Address("::1")
_V6_GLOBAL = IPv6Network("2000::/3")
_V6_FORBIDDEN = (
    # Unspecified, IPv4-compatible, IPv4-translated, and local NAT64 (64:ff9b:1::/48), where the
    # place of the IPv4 address, and so the destination, cannot be known.
    IPv6Network("::/8"),
    IPv6Network("2001::/32"),  # Teredo: the tunnel's end is inside, obfuscated
    IPv6Network("fd00:ec2::/32"),  # metadata of AWS
    IPv6Network("fd20:ce::/32"),  # metadata of Google Cloud
    IPv6Network("fe80::/10"),  # link-local
    IPv6Network("ff00::/8"),  # multicast
)
_V6_PRIVATE_IN_GLOBAL = (
    IPv6Network("2001::/23"),  # IETF protocol assignments
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("3fff::/20"),  # documentation
)


def effective(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one carries where packets end up there, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _V6_MAPPED or address in _V6_NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _V6_6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address


def standing(address: IPAddress) -> Standing:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return Standing.FORBIDDEN
    address = effective(address)
    return _standing_v4(address) if isinstance(address, IPv4Address) else _standing_v6(address)


def _standing_v4(address: IPv4Address) -> Standing:
    if address in _V4_LOOPBACK:
        return Standing.LOOPBACK
    if any(address in network for network in _V4_FORBIDDEN):
        return Standing.FORBIDDEN
    if any(address in network for network in _V4_PRIVATE):
        return Standing.PRIVATE
    return Standing.PUBLIC


def _standing_v6(address: IPv6Address) -> Standing:
    if address == _V6_LOOPBACK:
        return Standing.LOOPBACK
    if any(address in network for network in _V6_FORBIDDEN):
        return Standing.FORBIDDEN
    if address in _V6_GLOBAL and not any(address in network for network in _V6_PRIVATE_IN_GLOBAL):
        return Standing.PUBLIC
    return Standing.PRIVATE
