"""A vendor's HTTP interface on loopback: it answers as its class says, or as it is told to."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """`pieces` go out as chunks of their own. `cut`: the connection breaks behind them."""

    status: int
    kind: str
    pieces: Sequence[bytes]
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hangs: bool = False
    """Behind the pieces, for ever."""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    """Of a form, the values of each field; a file is bytes."""


class Refused(Exception):
    def __init__(self, status: int, body: Any) -> None:
        self.answer = said(status, body)


def said(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, "application/json", [json.dumps(body).encode()], headers)


class Vendor(ABC):
    """`scripted` answers come first, in their order. `left` is set when a client hangs up before
    it has all."""

    def __init__(self) -> None:
        self.scripted: list[Answer] = []
        self.asked: list[Asked] = []
        self.left = asyncio.Event()
        self.url = ""
        self._serving: set[asyncio.Task[None] | None] = set()

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Raises `Refused`."""

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[Self]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in filter(None, self._serving):
                task.cancel()
            await asyncio.gather(*filter(None, self._serving), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                if not await self._tell(self._answer(asked), reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Answer:
        if self.scripted:
            return self.scripted.pop(0)
        try:
            return self.answer(asked)
        except Refused as refused:
            return refused.answer

    async def _tell(
        self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        headers = {"content-type": answer.kind, "transfer-encoding": "chunked", **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{k}: {v}" for k, v in headers.items())]
        if answer.status:
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        for piece in answer.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        if answer.hangs:
            with suppress(ConnectionError):
                await reader.read()
            self.left.set()
            return False
        if answer.cut:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    kind = headers.get("content-type", "")
    fields: dict[str, Any] | None = None
    if kind == "application/x-www-form-urlencoded":
        fields = {**parse_qs(body.decode(), keep_blank_values=True)}
    elif kind.startswith("multipart/form-data"):
        fields = _parts(kind, body)
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Asked(method, url.path, query, headers, fields or json.loads(body or b"{}"))


def _parts(kind: str, body: bytes) -> dict[str, Any]:
    head = f"content-type: {kind}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        fields.setdefault(name, []).append(data if part.get_filename() else data.decode())
    return fields
