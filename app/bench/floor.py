"""`parley bench floor`: the cost of the ground floor, each against a baseline of the same run."""

from collections.abc import Iterator

import uvloop

from app.asr.engines.silero import SileroVad
from app.asr.service import SILERO
from app.bench import decode, web
from app.bench.registry import lease_overhead
from app.core.settings import Settings
from app.inference.model_store import ModelStore
from app.wiring import inference


def run(settings: Settings, store: ModelStore) -> Iterator[str]:
    yield from web.compare()
    yield uvloop.run(_leases(settings, store))
    yield from decode.decode_speed()


async def _leases(settings: Settings, store: ModelStore) -> str:
    async with inference(settings, store) as built:
        return str(await lease_overhead(built.models, SILERO, SileroVad))
