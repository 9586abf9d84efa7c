"""A network between two peers that loses packets, delays each by another time and stalls: over real
sockets, in the place of the addresses that they tell each other."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

Address = tuple[str, int]
_HOST = re.compile(r"a=candidate:(\S+) (\d) udp (\d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*\r\n")


@dataclass
class Weather:
    """`loss` is a share of 1; `jitter_s` the longest delay. Delayed packets overtake each other.
    While it `stalls` nothing passes; all of it comes when that ends."""

    loss: float = 0.0
    jitter_s: float = 0.0
    stalls: bool = False


class _End(asyncio.DatagramProtocol):
    """What one peer takes for the other. `peer`: where it is itself."""

    def __init__(self, network: "LossyNetwork") -> None:
        self._network = network
        self.peer: Address | None = None
        self.other: _End
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.peer = self.peer or addr[:2]
        self._network.carry(data, self.other)

    def deliver(self, data: bytes) -> None:
        if self.peer and not self.transport.is_closing():
            self.transport.sendto(data, self.peer)


class LossyNetwork:
    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.carried = self.lost = 0
        self._chance = random.Random(7)  # noqa: S311
        self._waiting: list[tuple[bytes, _End]] = []
        self.ends = (_End(self), _End(self))
        self.ends[0].other, self.ends[1].other = self.ends[1], self.ends[0]

    def redirected(self, sdp: str, end: int) -> str:
        """What this peer tells the other, as seen through the network."""
        found = [match for match in _HOST.finditer(sdp) if not match[4].startswith("127.")]
        own, seen = self.ends[end], self.ends[1 - end]
        own.peer = own.peer or (found[0][4], int(found[0][5]))
        port = seen.transport.get_extra_info("sockname")[1]
        line = f"a=candidate:1 1 udp 2130706431 {own.peer[0]} {port} typ host\r\n"
        sdp = re.sub(r"a=(candidate:.*|end-of-candidates)\r\n", "", sdp)
        return sdp.replace("a=ice-ufrag", f"{line}a=ice-ufrag")

    def carry(self, data: bytes, to: _End) -> None:
        self.carried += 1
        if self._chance.random() < self.weather.loss:
            self.lost += 1
        elif self.weather.stalls:
            self._waiting.append((data, to))
        else:
            delay_s = self._chance.uniform(0, self.weather.jitter_s)
            asyncio.get_running_loop().call_later(delay_s, to.deliver, data)

    def go_on(self) -> None:
        self.weather.stalls = False
        for data, to in self._waiting:
            to.deliver(data)
        self._waiting.clear()


@asynccontextmanager
async def lossy_network(weather: Weather) -> AsyncGenerator[LossyNetwork]:
    network, loop = LossyNetwork(weather), asyncio.get_running_loop()
    for end in network.ends:
        await loop.create_datagram_endpoint(lambda end=end: end, ("0.0.0.0", 0))  # noqa: S104
    try:
        yield network
    finally:
        for end in network.ends:
            end.transport.close()
