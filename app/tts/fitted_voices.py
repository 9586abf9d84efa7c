"""Voices that organizations had made of a person's speech: kept with that person's consent, and
encrypted, since a voice tells who somebody is."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.clock import utc_now
from app.core.crypto import HEADER_BYTES, DecryptionFailed, KeyRing, context_of
from app.core.db import Database, Tx
from app.core.errors import Conflict, NotFound, Unprocessable
from app.core.events import Events
from app.core.jobs import JobKind, Jobs
from app.core.notices import Notices
from app.core.scope import OrgScope, Scope
from app.tenancy.domain.audit import AuditedEvent
from app.tts import store
from app.tts.catalogue import is_stock_name
from app.tts.fitting import FittedVoice
from app.tts.store import FittedVoiceRow
from app.tts.voice_vectors import PACK_SHAPE, Pack

log = logging.getLogger(__name__)

CHANNEL = "parley_fitted_voices"
"""Whoever keeps voices, packs, or speech that was made with them, must forget them when it is
notified."""

MOST_VOICES = 100
LONGEST_NAME = 100
_HASH_BYTES = 32


class FittedVoiceNotFound(NotFound):
    pass


class FittedVoicesFull(Conflict):
    pass


class VoiceNameInvalid(Unprocessable):
    code = "voice_name_invalid"


class VoiceNameTaken(Conflict):
    """By another voice of the organization, or by one that everybody has."""

    code = "voice_name_taken"


class ConsentMissing(Unprocessable):
    """Without it no voice is made of anybody."""

    code = "consent_missing"


class VoiceFitted(AuditedEvent, frozen=True):
    voice_id: UUID
    name: str
    speaker: str
    similarity: float


class FittedVoiceDeleted(AuditedEvent, frozen=True):
    voice_id: UUID
    name: str


class RotateVoices(msgspec.Struct, frozen=True):
    pass


ROTATE_VOICES = JobKind("tts.rotate_voices", RotateVoices, cron="47 3 * * *")


@dataclass(frozen=True, slots=True)
class Consent:
    """That the speaker agreed: who it is, and in what words. Who says so is on record."""

    is_given: bool
    speaker: str
    statement: str

    def check(self) -> None:
        """Before any of the speech is looked at."""
        if not self.is_given:
            raise ConsentMissing(
                "consent: the speaker must have agreed to this voice", field="consent"
            )
        for field, text, most in (
            ("speaker", self.speaker, 200),
            ("statement", self.statement, 2000),
        ):
            if not text.strip() or len(text) > most:
                raise ConsentMissing(
                    f"consent.{field}: it must have 1 to {most} characters", field=field
                )


@dataclass(frozen=True, slots=True)
class KeptVoice:
    id: UUID
    name: str
    speaker: str
    statement: str
    attested_by: str
    speed: float
    similarity: float
    stock_voice: str
    stock_similarity: float
    created_at: datetime


class FittedVoices:
    def __init__(
        self, database: Database, events: Events, notices: Notices, jobs: Jobs, keys: KeyRing
    ) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._jobs = jobs
        self._keys = keys
        jobs.register(ROTATE_VOICES, self._rotate)

    async def add(
        self, tx: Tx, name: str, consent: Consent, fitted: FittedVoice, recording_hash: bytes
    ) -> KeptVoice:
        """`recording_hash`: SHA-256 of what it was made of, which itself is not kept."""
        consent.check()
        assert len(recording_hash) == _HASH_BYTES
        name = " ".join(name.split())
        await store.alone_with_voices(tx)
        kept = await store.voices(tx)
        _check_name(name, kept)
        if len(kept) >= MOST_VOICES:
            raise FittedVoicesFull(f"There are {MOST_VOICES} voices, which is the most")
        voice_id = uuid4()
        row = FittedVoiceRow(
            id=voice_id,
            name=name,
            speaker=consent.speaker,
            statement=consent.statement,
            attested_by=_actor(tx),
            pack=self._sealed(voice_id, fitted.pack),
            speed=fitted.speed,
            similarity=fitted.likeness.similarity,
            stock_voice=fitted.nearest_stock,
            stock_similarity=fitted.stock_likeness.similarity,
            recording_hash=recording_hash,
            created_at=utc_now(),
        )
        await store.add_voice(tx, row)
        await self._notices.notify(tx, CHANNEL)
        await self._events.publish(
            tx,
            VoiceFitted(
                voice_id=voice_id,
                name=name,
                speaker=consent.speaker,
                similarity=round(row.similarity, 3),
            ),
        )
        return _shown(row)

    async def list(self, tx: Tx) -> list[KeptVoice]:
        """The newest first."""
        return [_shown(row) for row in await store.voices(tx)]

    async def get(self, tx: Tx, voice_id: UUID) -> tuple[KeptVoice, Pack]:
        row = await store.find_voice(tx, voice_id)
        if row is None:
            raise FittedVoiceNotFound("Voice not found")
        return _shown(row), self._opened(row)

    async def delete(self, tx: Tx, voice_id: UUID) -> None:
        """Nothing of it is left but that there was one, in the audit log."""
        name = await store.remove_voice(tx, voice_id)
        if name is None:
            raise FittedVoiceNotFound("Voice not found")
        await self._notices.notify(tx, CHANNEL)
        await self._events.publish(tx, FittedVoiceDeleted(voice_id=voice_id, name=name))

    async def rotate_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, ROTATE_VOICES, RotateVoices(), key="all")

    async def _rotate(self, scope: Scope, _: RotateVoices) -> None:
        """Encrypts again what an older master key encrypted, one after the other."""
        async with self._database.transaction(scope) as tx:
            heads = await store.heads_of_packs(tx, HEADER_BYTES)
        for voice_id, head in heads:
            if self._keys.needs_rotation(head):
                async with self._database.transaction(scope) as tx:
                    await self._rotate_one(tx, voice_id)

    async def _rotate_one(self, tx: Tx, voice_id: UUID) -> None:
        row = await store.find_voice(tx, voice_id)
        if row is None:
            return
        try:
            row.pack = self._keys.rotate(row.pack, context=_context(voice_id))
        except DecryptionFailed:
            log.exception("no master key decrypts the fitted voice %s", voice_id)

    def _sealed(self, voice_id: UUID, pack: Pack) -> bytes:
        return self._keys.encrypt(pack.astype("<f2").tobytes(), context=_context(voice_id))

    def _opened(self, row: FittedVoiceRow) -> Pack:
        plain = self._keys.decrypt(row.pack, context=_context(row.id))
        halves: NDArray[np.float16] = np.frombuffer(plain, "<f2")
        return halves.reshape(PACK_SHAPE).astype(np.float32)


def _check_name(name: str, kept: Sequence[FittedVoiceRow]) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise VoiceNameInvalid(
            f"name: it must have 1 to {LONGEST_NAME} characters that can be shown", field="name"
        )
    if is_stock_name(name) or name.lower() in {row.name.lower() for row in kept}:
        raise VoiceNameTaken(f"name: there is a voice {name!r} already", field="name")


def _actor(tx: Tx) -> str:
    assert isinstance(tx.scope, OrgScope)
    return tx.scope.actor


def _context(voice_id: UUID) -> bytes:
    return context_of("fitted_voices", "pack", str(voice_id))


def _shown(row: FittedVoiceRow) -> KeptVoice:
    return msgspec.convert(row, KeptVoice, from_attributes=True)
