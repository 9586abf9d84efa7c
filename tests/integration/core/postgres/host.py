"""A stand-in for Parley, for tests to kill: HOST DATA-DIR CACHE-DIR.

Prints one JSON line when the database serves, or the reason why not; ends cleanly on SIGTERM.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from app.core.errors import AppError
from app.core.postgres.supervisor import EmbeddedPostgres


async def main() -> int:
    postgres = EmbeddedPostgres(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    try:
        endpoints = await postgres.start()
    except AppError as refusal:
        print(json.dumps({"code": refusal.code, "message": refusal.message}), flush=True)  # noqa: T201
        return 3
    ready = {"uid": os.geteuid(), "owner": endpoints.owner_url, "app": endpoints.app_url}
    print(json.dumps(ready), flush=True)  # noqa: T201
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(postgres.watch())
        await asked_to_stop.wait()
        await postgres.stop()
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    sys.exit(uvloop.run(main()))
