"""What a lease of a loaded model costs, against the least that any registry could do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.inference.executor import Lane
from app.inference.registry import Loaded, ModelRegistry

ROUNDS = 20_000


@dataclass(frozen=True, slots=True)
class LeaseOverhead:
    lease_us: float
    baseline_us: float

    def __str__(self) -> str:
        return (
            f"lease of a loaded model {self.lease_us:.2f} us; dict look-up under an asyncio.Lock "
            f"{self.baseline_us:.2f} us; ratio {self.lease_us / self.baseline_us:.1f}"
        )


async def lease_overhead(models: ModelRegistry, model_id: str, kind: type[Loaded]) -> LeaseOverhead:
    """Uncontended. Loads the model first."""
    plain: dict[str, object] = {model_id: object()}
    lock = asyncio.Lock()

    async def lease() -> None:
        async with models.lease(model_id, kind, Lane.BATCH):
            pass

    async def look_up() -> None:
        async with lock:
            _ = plain[model_id]

    await lease()
    return LeaseOverhead(
        lease_us=await _microseconds(lease), baseline_us=await _microseconds(look_up)
    )


async def _microseconds(once: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    for _ in range(ROUNDS):
        await once()
    return (time.perf_counter() - started) / ROUNDS * 1e6
