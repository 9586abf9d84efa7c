"""What an operator lets an organization reach although it is private, and the check of every
address against it. Pure: the addresses are handed in.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

import httpx

from app.core.http.addresses import IPAddress, Standing, effective, standing
from app.core.http.errors import InvalidHostRule, OutboundBlocked
from app.core.http.urls import HOST_FORM, is_port

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostRule:
    """A host name, or a network, and a port where only that one is meant.

    No rule opens link-local or metadata addresses, multicast or reserved ranges.
    """

    host: str | IPv4Network | IPv6Network
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `10.0.5.7:8080`, `10.0.0.0/8`, `[fd12::7]:443`, `fd12::/32`, `bank.local:8443`."""
        try:
            return cls(ip_network(text))
        except ValueError:
            pass
        host, port = _host_and_port(text)
        try:
            return cls(ip_network(host), port)
        except ValueError:
            return cls(host, port)

    def admits(self, host: str, port: int, address: IPAddress) -> bool:
        if self.port is not None and self.port != port:
            return False
        if isinstance(self.host, str):
            return self.host == normalized(host)
        return effective(address) in self.host or address in self.host


def _host_and_port(text: str) -> tuple[str, int | None]:
    try:
        url = httpx.URL(f"//{text}")  # without a scheme no port is dropped as the default one
        host = normalized(url.raw_host.decode("ascii"))
    except (httpx.InvalidURL, UnicodeError):
        host, url = "", httpx.URL()
    rest = url.userinfo or url.fragment or url.raw_path != b"/"
    if not HOST_FORM.fullmatch(host) or rest or not is_port(url.port):
        raise InvalidHostRule(f"{text!r} is not a host, an address or a network")
    return host, url.port


def normalized(host: str) -> str:
    return host.lower().removesuffix(".")


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Refuses a host unless every one of its addresses is public or allowed by a rule."""

    allowed: frozenset[HostRule]
    loopback_can_be_allowed: bool

    def __call__(self, host: str, port: int, addresses: Sequence[IPAddress]) -> None:
        for address in addresses:
            if not self._admits(host, port, address):
                log.warning(
                    "outbound connection refused",
                    extra={"host": host, "port": port, "address": str(address)},
                )
                # One sentence for all kinds: a caller learns nothing of the network behind us.
                raise OutboundBlocked(host, "it is not on the public internet, nor allowed here")

    def _admits(self, host: str, port: int, address: IPAddress) -> bool:
        match standing(address):
            case Standing.PUBLIC:
                return True
            case Standing.FORBIDDEN:
                return False
            case Standing.LOOPBACK if not self.loopback_can_be_allowed:
                return False
            case _:
                return any(rule.admits(host, port, address) for rule in self.allowed)
