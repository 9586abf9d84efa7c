"""Voices that organizations had made, where speaking looks for them: by name, and in memory."""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from app.core.db import Database, forbid_in_transaction
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.tenancy.known import KnownCallers
from app.tts.catalogue import Voice, VoiceCatalogue
from app.tts.fitted_voices import CHANNEL, FittedVoiceNotFound, FittedVoices
from app.tts.voice_vectors import Pack

MOST = 64
"""Packs in memory, of half a megabyte each."""

ACTOR = "speaking"
_PREFIX = "fitted"
_STOCK = VoiceCatalogue()


@dataclass(frozen=True, slots=True)
class OwnPack:
    """`speed`: as fast as the person spoke."""

    pack: Pack
    speed: float


class OwnVoices:
    def __init__(self, database: Database, notices: Notices, voices: FittedVoices) -> None:
        self._database = database
        self._notices = notices
        self._voices = voices
        self._known = KnownCallers[UUID, VoiceCatalogue](notices, CHANNEL)
        self._packs: OrderedDict[str, OwnPack] = OrderedDict()
        self._generation = 0
        notices.subscribe(CHANNEL, self._forget)

    async def catalogue_of(self, owner: UUID | None) -> VoiceCatalogue:
        """Everybody's voices, and those of this organization before them."""
        if owner is None:
            return _STOCK
        known = self._known.find(owner)
        if known is None:
            forbid_in_transaction()
            generation = self._known.generation
            async with self._database.transaction(OrgScope(owner, actor=ACTOR)) as tx:
                kept = await self._voices.list(tx)
            own = [
                Voice(str(one.id), one.name, _key(owner, one.id), aliases=(one.name,), is_own=True)
                for one in kept
            ]
            known = VoiceCatalogue(own) if own else _STOCK
            self._known.remember(owner, known, expires_at=None, generation=generation)
        return known

    async def find_pack(self, key: str) -> OwnPack | None:
        """By what `Manner.voice` is for it. None where there is no such voice any more."""
        found = self._packs.get(key)
        if found and self._notices.is_listening:
            self._packs.move_to_end(key)
            return found
        prefix, _, rest = key.partition(":")
        if prefix != _PREFIX:
            return None
        owner, _, voice_id = rest.partition(":")
        return await self._load(key, UUID(owner), UUID(voice_id))

    async def _load(self, key: str, owner: UUID, voice_id: UUID) -> OwnPack | None:
        forbid_in_transaction()
        generation = self._generation
        try:
            async with self._database.transaction(OrgScope(owner, actor=ACTOR)) as tx:
                kept, pack = await self._voices.get(tx, voice_id)
        except FittedVoiceNotFound:
            return None
        found = OwnPack(pack, kept.speed)
        if generation == self._generation:
            self._packs[key] = found
            while len(self._packs) > MOST:
                self._packs.popitem(last=False)
        return found

    def _forget(self) -> None:
        self._generation += 1
        self._packs.clear()


def _key(owner: UUID, voice_id: UUID) -> str:
    return f"{_PREFIX}:{owner}:{voice_id}"
