"""What is loaded before anybody needs it."""

import asyncio
from typing import Any

from app.core.errors import Unavailable


class Starting:
    """Until it is over the process is late for all else: that is no overload, it passes."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    def wait_for(self, loading: asyncio.Task[Any]) -> None:
        self._under_way.add(loading)
        loading.add_done_callback(self._under_way.discard)

    async def over(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way)

    def check(self) -> None:
        if self._under_way:
            loading = ", ".join(sorted(task.get_name() for task in self._under_way))
            raise Unavailable(f"Parley is starting: {loading}")
