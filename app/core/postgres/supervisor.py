"""The embedded PostgreSQL from start to stop, kept alive in between. The package's only door."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from app.core.postgres import credentials
from app.core.postgres.account import server_account
from app.core.postgres.binaries import installed, runnable_by
from app.core.postgres.bootstrap import Endpoints, endpoints, prepare_database
from app.core.postgres.cluster import Cluster, Server
from app.core.postgres.errors import DatabaseLost, DatabaseNotStarted, DataDirectoryUnusable
from app.core.postgres.lock import DirectoryLock
from app.core.postgres.survivors import end_survivors, forget_dead_postmaster

log = logging.getLogger(__name__)

_LINGERING = ("shared memory block", "lock file")
_LINGERING_S = 10.0
_RETRY_DELAY_S = 0.5
_MAX_DEATHS = 5
_DEATHS_WINDOW_S = 60.0


class EmbeddedPostgres:
    """`start`, then `watch` for as long as Parley runs, then `stop`; all on the main thread.

    Where `durable` is False, no write waits for the disk and a crash may lose all: for tests.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        cache_dir: Path = Path("/var/cache/parley"),
        durable: bool = True,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._cache_dir = cache_dir
        self._durable = durable
        self._lock = DirectoryLock(self._data_dir)
        self._transition = asyncio.Lock()
        self._cluster: Cluster | None = None
        self._server: Server | None = None

    async def start(self) -> Endpoints:
        """A server that serves, with all that was ever committed in it, or a reason why not."""
        if self._server is not None:
            raise RuntimeError("this PostgreSQL has been started already")
        async with self._transition, AsyncExitStack() as undo:
            undo.push_async_callback(self._close)
            with self._os_errors_as_sentences():
                cluster = self._cluster = await asyncio.to_thread(self._open)
                if not await asyncio.to_thread(cluster.exists):
                    log.info("making a new database", extra={"directory": str(cluster.directory)})
                    passwords = await asyncio.to_thread(
                        credentials.read_or_create, self._credentials_file
                    )
                    await cluster.create(passwords.superuser)
                passwords = await asyncio.to_thread(credentials.read, self._credentials_file)
                await self._launch(cluster)
            await prepare_database(passwords, cluster.socket_dir)
            undo.pop_all()
        return endpoints(passwords, cluster.socket_dir)

    async def join(self) -> Endpoints:
        """The server of another Parley on this directory, which alone keeps it running."""
        with self._os_errors_as_sentences():
            passwords = await asyncio.to_thread(credentials.read, self._credentials_file)
            cluster = await asyncio.to_thread(self._find)
        return endpoints(passwords, cluster.socket_dir)

    async def watch(self) -> None:
        """Starts the server again whenever it dies; returns after `stop`."""
        deaths: deque[float] = deque(maxlen=_MAX_DEATHS)
        while (server := self._server) is not None and self._cluster is not None:
            status = await server.child.wait()
            async with self._transition:
                if self._server is not server:
                    continue
                deaths.append(time.monotonic())
                if len(deaths) == _MAX_DEATHS and deaths[-1] - deaths[0] < _DEATHS_WINDOW_S:
                    raise DatabaseLost(
                        f"PostgreSQL died {_MAX_DEATHS} times within {_DEATHS_WINDOW_S:.0f} s; "
                        f"its log is in {self._cluster.directory / 'log'}."
                    )
                log.error("PostgreSQL died; starting it again", extra={"exit_status": status})
                await self._relaunch(self._cluster)

    async def stop(self) -> None:
        async with self._transition:
            await self._close()

    @property
    def _credentials_file(self) -> Path:
        return self._data_dir / "postgres-credentials.json"

    def _open(self) -> Cluster:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.acquire()
        return self._find()

    def _find(self) -> Cluster:
        directory = self._data_dir.resolve() / "postgres"
        account = server_account(directory)
        binaries = runnable_by(account, installed(), self._cache_dir)
        return Cluster(directory, binaries, account, self._durable)

    async def _launch(self, cluster: Cluster) -> None:
        """Retried while what an earlier server left behind goes away."""
        give_up_at = time.monotonic() + _LINGERING_S
        while True:
            await end_survivors(cluster.tag, cluster.directory)
            await asyncio.to_thread(forget_dead_postmaster, cluster.directory, cluster.socket_dir)
            server = await cluster.launch()
            if self._server is not None:
                await self._server.shut_down()
            self._server = server
            try:
                await cluster.until_ready(server)
            except DatabaseNotStarted as failure:
                lingering = any(sign in failure.message for sign in _LINGERING)
                if not lingering or time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(_RETRY_DELAY_S)
            else:
                return

    async def _relaunch(self, cluster: Cluster) -> None:
        try:
            with self._os_errors_as_sentences():
                await self._launch(cluster)
        except (DatabaseNotStarted, DataDirectoryUnusable) as failure:
            log.error("PostgreSQL is still down", extra={"reason": failure.message})
            await asyncio.sleep(_RETRY_DELAY_S)
        else:
            log.warning("PostgreSQL serves again")

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.shut_down()
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.leave)
            self._cluster = None
        await asyncio.to_thread(self._lock.release)

    @contextmanager
    def _os_errors_as_sentences(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise DataDirectoryUnusable(
                f"{self._data_dir} cannot hold the database: {error.strerror} "
                f"({error.filename or 'no file named'})."
            ) from error
