"""What checks tokens for other services: `GET /api-tokens/validate?token=` on loopback, with
answers that can be late, wrong or missing.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, bytes]
NO = (200, b'{"valid": false, "deviceId": null}')


def yes(device_id: str) -> Answer:
    return 200, b'{"valid": true, "deviceId": "%s"}' % device_id.encode()


@dataclass
class FakeTokenValidator:
    """`answers` by token; `before` runs before each answer."""

    answers: dict[str, Answer] = field(default_factory=dict)
    default: Answer = NO
    headers: str = ""
    before: Callable[[], Awaitable[object]] | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
                method, target, _ = head.split("\r\n")[0].split(" ")
                url = urlsplit(target)
                status, body = 404, b"{}"
                if (method, url.path) == ("GET", "/api-tokens/validate"):
                    token = parse_qs(url.query)["token"][0]
                    self.asked.append(token)
                    if self.before:
                        await self.before()
                    status, body = self.answers.get(token, self.default)
                fields = f"content-length: {len(body)}\r\n{self.headers}"
                writer.write(f"HTTP/1.1 {status} Said\r\n{fields}\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def token_validator() -> AsyncGenerator[FakeTokenValidator]:
    fake = FakeTokenValidator()
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        await fake.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
