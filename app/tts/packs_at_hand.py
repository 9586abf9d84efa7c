"""Packs of fitted voices in memory, where the engine looks for them."""

from collections import OrderedDict
from uuid import UUID

from app.core.db import Database, forbid_in_transaction
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.tts.fitted_voices import CHANNEL, FittedVoices
from app.tts.voice_vectors import Pack

MOST = 64
"""Of half a megabyte each."""

_PREFIX = "fitted:"


class PacksAtHand:
    def __init__(self, database: Database, notices: Notices, voices: FittedVoices) -> None:
        self._database = database
        self._notices = notices
        self._voices = voices
        self._packs: OrderedDict[str, Pack] = OrderedDict()
        self._generation = 0
        notices.subscribe(CHANNEL, self._forget)

    async def prepare(self, scope: OrgScope, voice_id: UUID) -> str:
        """What `Manner.voice` is for it. Raises where the organization has no such voice."""
        forbid_in_transaction()
        name = f"{_PREFIX}{scope.org_id}:{voice_id}"
        if name in self._packs and self._notices.is_listening:
            self._packs.move_to_end(name)
            return name
        generation = self._generation
        async with self._database.transaction(scope) as tx:
            _, pack = await self._voices.get(tx, voice_id)
        if generation == self._generation:
            self._packs[name] = pack
            self._packs.move_to_end(name)
            while len(self._packs) > MOST:
                self._packs.popitem(last=False)
        return name

    def find(self, name: str) -> Pack | None:
        """One that was prepared a moment ago."""
        return self._packs.get(name)

    def _forget(self) -> None:
        self._generation += 1
        self._packs.clear()
