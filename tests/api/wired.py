"""All of Parley in this process, behind a socket, with what it holds in reach."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app import VERSION, server, wiring
from app.core import settings as declared
from app.core.scope import OrgScope, system_scope
from app.inference.model_store import ModelStore
from app.main import create_app
from app.runtime import Runtime
from app.tenancy.domain.organizations import slug_of
from app.tenancy.store.organizations import find_organization
from tests.api.conftest import LiveServer
from tests.conftest import MASTER_KEY


@dataclass(frozen=True)
class Wired:
    runtime: Runtime
    live: LiveServer
    scope: OrgScope
    """The organization that the token of `live` belongs to."""

    def client(self, token: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token or self.live.token}"}
        return httpx.AsyncClient(base_url=self.live.url, headers=headers, timeout=60)


@asynccontextmanager
async def wired(database_url: str, data_dir: Path, **settings: str) -> AsyncGenerator[Wired]:
    own = {
        "PARLEY_DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url,
        "PARLEY_SECRET_KEY": MASTER_KEY,
        "PARLEY_DRAIN_S": "0",
        "PARLEY_WARM_UP": "false",
        "PARLEY_PORT": "0",
    }
    chosen = declared.load(own | settings)
    store = ModelStore(declared.model_store(chosen, declared.process_environment()))
    stop = asyncio.Event()
    async with wiring.running(chosen, store, VERSION) as runtime:
        async with runtime.database.transaction(system_scope("test")) as tx:
            default = await find_organization(tx, slug_of(wiring.DEFAULT_ORGANIZATION))
        assert default
        scope = OrgScope(default.id, "test")
        token = await runtime.api_keys.renew_admin(scope)
        listening = server.listen(chosen.server)
        host, port = listening[0].address
        # A server that is cancelled, since a test failed, closes no socket.
        with listening[0].socket:
            async with asyncio.TaskGroup() as group:
                group.create_task(server.serve(create_app(runtime), listening, chosen.server, stop))
                try:
                    live = LiveServer(f"http://{host}:{port}", token, str(data_dir))
                    yield Wired(runtime, live, scope)
                finally:
                    stop.set()
