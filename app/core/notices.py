"""Tells every replica at the commit of a transaction that something changed, through PostgreSQL.

For what is remembered in memory: whoever remembers must forget when a notice comes, and may
remember only while `is_listening`.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import func, select

from app.core.db import Tx

Forget = Callable[[], None]

_HEARTBEAT_S = 5.0


class Notices:
    def __init__(self, url: str) -> None:
        self._url = url
        self._subscribers: dict[str, list[Forget]] = {}
        self._is_listening = False

    @property
    def is_listening(self) -> bool:
        return self._is_listening

    def subscribe(self, channel: str, forget: Forget) -> None:
        """Before `run`. `forget` is also called whenever notices may have been missed."""
        self._subscribers.setdefault(channel, []).append(forget)

    async def notify(self, tx: Tx, channel: str) -> None:
        """Here at once when `tx` commits, elsewhere within milliseconds."""
        await tx.session.execute(select(func.pg_notify(channel, "")))
        for forget in self._subscribers.get(channel, []):
            tx.after_commit(forget)

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`; fails when the connection does."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            for channel in self._subscribers:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            with self._listening():
                while True:
                    await self._pass_on(connection)

    async def _pass_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """What comes until the next heartbeat, which finds out a connection that is dead."""
        async for notice in connection.notifies(timeout=_HEARTBEAT_S):
            for forget in self._subscribers[notice.channel]:
                forget()
        async with asyncio.timeout(_HEARTBEAT_S):
            await connection.execute("SELECT 1")

    @contextmanager
    def _listening(self) -> Generator[None]:
        self._forget_all()
        self._is_listening = True
        try:
            yield
        finally:
            self._is_listening = False
            self._forget_all()

    def _forget_all(self) -> None:
        for subscribers in self._subscribers.values():
            for forget in subscribers:
                forget()
