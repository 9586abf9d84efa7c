"""A TURN server over UDP (RFC 8656) as far as calls need it: allocations with long-term
credentials, refreshed and deleted, channels bound to peers, and what goes through them."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from struct import pack, unpack
from typing import Any

from aioice import stun
from aioice.stun import Class, Message, Method

REALM = "relay.example"
_LIFETIME_S = 600
Address = tuple[str, int]


class _Allocation(asyncio.DatagramProtocol):
    """`relayed`: packets that went through it, either way."""

    def __init__(self, server: "TurnServer", client: Address, user: str) -> None:
        self.server = server
        self.client = client
        self.user = user
        self.channels: dict[int, Address] = {}
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    @property
    def address(self) -> Address:
        return self.transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for number, peer in self.channels.items():
            if peer == addr[:2]:
                self.server.relayed += 1
                self.server.send(pack("!HH", number, len(data)) + data, self.client)

    def leave(self, number: int, data: bytes) -> None:
        if peer := self.channels.get(number):
            self.server.relayed += 1
            self.transport.sendto(data, peer)


class TurnServer(asyncio.DatagramProtocol):
    """`users`: the password of each, or what tells it; None: there is no such user."""

    def __init__(self, users: Callable[[str], str | None]) -> None:
        self.relayed = 0
        self.allocations: dict[Address, _Allocation] = {}
        self.seen_users: set[str] = set()
        self._users = users
        self._nonce = secrets.token_hex(8).encode()
        self._requests: asyncio.Queue[tuple[Message, Address]] = asyncio.Queue()
        self._moved = asyncio.Event()
        self._transport: asyncio.DatagramTransport

    @property
    def url(self) -> str:
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"turn:{host}:{port}"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] & 0xC0 == 0x40:
            number, length = unpack("!HH", data[:4])
            if allocation := self.allocations.get(addr):
                allocation.leave(number, data[4 : 4 + length])
            return
        self._requests.put_nowait((stun.parse_message(data), addr))

    def send(self, data: bytes, to: Address) -> None:
        self._transport.sendto(data, to)

    def close(self) -> None:
        for allocation in self.allocations.values():
            allocation.transport.close()
        self._transport.close()

    async def run(self) -> None:
        while True:
            await self._answer(*await self._requests.get())
            self._moved.set()

    async def emptied(self) -> None:
        async with asyncio.timeout(10):
            while self.allocations:
                self._moved.clear()
                await self._moved.wait()

    async def _answer(self, request: Message, client: Address) -> None:
        user = request.attributes.get("USERNAME", "")
        key = self._key(request, user)
        if key is None:
            needed = {"REALM": REALM, "NONCE": self._nonce}
            self._fail(request, client, (401, "Unauthorized"), needed)
        elif request.message_method == Method.ALLOCATE:
            self.seen_users.add(user)
            self._succeed(request, client, key, await self._allocate(client, user))
        elif client not in self.allocations:
            self._fail(request, client, (437, "Allocation Mismatch"), {})
        elif request.message_method == Method.REFRESH:
            if not request.attributes["LIFETIME"]:
                self.allocations.pop(client).transport.close()
            lifetime = {"LIFETIME": request.attributes["LIFETIME"]}
            self._succeed(request, client, key, lifetime)
        elif request.message_method == Method.CHANNEL_BIND:
            peer = request.attributes["XOR-PEER-ADDRESS"]
            self.allocations[client].channels[request.attributes["CHANNEL-NUMBER"]] = peer
            self._succeed(request, client, key, {})
        else:
            self._fail(request, client, (400, "Bad Request"), {})

    async def _allocate(self, client: Address, user: str) -> Mapping[str, Any]:
        _, made = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Allocation(self, client, user), ("127.0.0.1", 0)
        )
        self.allocations[client] = made
        return {
            "LIFETIME": _LIFETIME_S,
            "XOR-MAPPED-ADDRESS": client,
            "XOR-RELAYED-ADDRESS": made.address,
        }

    def _key(self, request: Message, user: str) -> bytes | None:
        """None: it is not signed with the password of a user."""
        is_signed = "MESSAGE-INTEGRITY" in request.attributes
        password = self._users(user) if is_signed else None
        if password is None:
            return None
        text = f"{user}:{REALM}:{password}"
        key = hashlib.md5(text.encode(), usedforsecurity=False).digest()
        return key if request.check_message_integrity(key) else None

    def _succeed(
        self, request: Message, client: Address, key: bytes, answer: Mapping[str, Any]
    ) -> None:
        response = self._response(request, Class.RESPONSE, answer)
        response.add_message_integrity(key)
        self.send(bytes(response), client)

    def _fail(
        self,
        request: Message,
        client: Address,
        code: tuple[int, str],
        answer: Mapping[str, Any],
    ) -> None:
        response = self._response(request, Class.ERROR, {"ERROR-CODE": code, **answer})
        self.send(bytes(response), client)

    def _response(self, request: Message, kind: Class, answer: Mapping[str, Any]) -> Message:
        response = Message(
            message_method=request.message_method,
            message_class=kind,
            transaction_id=request.transaction_id,
        )
        response.attributes.update(answer)
        return response


@asynccontextmanager
async def turn_server(users: Callable[[str], str | None]) -> AsyncGenerator[TurnServer]:
    _, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: TurnServer(users), ("127.0.0.1", 0)
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        try:
            yield server
        finally:
            running.cancel()
            server.close()
