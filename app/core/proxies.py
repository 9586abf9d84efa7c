"""Whose word on where a request came from is believed. Pure: reads no header by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from app.core.setting_fields import SettingInvalid

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(tuple(_network(part.strip()) for part in text.split(",") if part.strip()))

    def trust(self, address: str) -> bool:
        ip = _address(address)
        return ip is not None and self._are(ip)

    def client_behind(self, peer: str, forwarded: Iterable[str]) -> str:
        """The nearest address that no trusted proxy speaks for: what stands left of it in
        X-Forwarded-For the client may have written itself."""
        client = peer
        for hop in reversed([part for header in forwarded for part in header.split(",")]):
            ip = _address(_without_port(hop.strip()))
            if ip is None:
                break
            client = str(ip)
            if not self._are(ip):
                break
        return client

    def _are(self, ip: IPAddress) -> bool:
        return any(ip in network for network in self.networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise SettingInvalid(
            f"PARLEY_TRUSTED_PROXIES must be addresses or networks, comma-separated: {error}",
            setting="PARLEY_TRUSTED_PROXIES",
        ) from None


def _address(text: str) -> IPAddress | None:
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _without_port(hop: str) -> str:
    """Of `203.0.113.7:4711` and `[2001:db8::7]:4711`, as some proxies write."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
