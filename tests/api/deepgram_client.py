"""The official client of Deepgram, pointed at a live Parley."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment

from tests.api.conftest import LiveServer


@asynccontextmanager
async def client_of_deepgram(server: LiveServer, token: str) -> AsyncGenerator[AsyncDeepgramClient]:
    sockets = server.url.replace("http", "ws")
    here = DeepgramClientEnvironment(
        base=server.url, production=sockets, agent=sockets, agent_rest=server.url
    )
    async with httpx.AsyncClient(timeout=60) as connections:
        yield AsyncDeepgramClient(api_key=token, environment=here, httpx_client=connections)
