"""How organizations have their words pronounced: kept, and at hand while speaking."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from app.core.db import Database, Tx, forbid_in_transaction
from app.core.errors import Conflict, NotFound
from app.core.events import Events
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.known import KnownCallers
from app.tts import store
from app.tts.catalogue import find_language
from app.tts.store import LexiconRow
from app.tts.text.lexicon import MOST_ENTRIES, Lexicon, Pronunciation

CHANNEL = "parley_lexicons"
EVERY_LANGUAGE = ""


class EntryNotFound(NotFound):
    pass


class LexiconFull(Conflict):
    pass


class WordPronounced(AuditedEvent, frozen=True):
    """From now on as the organization says."""

    word: str
    language: str


class PronunciationRemoved(AuditedEvent, frozen=True):
    word: str


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    id: UUID
    pronunciation: Pronunciation
    language: str


class Lexicons:
    def __init__(self, database: Database, events: Events, notices: Notices) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._known = KnownCallers[UUID, Mapping[str, Lexicon]](notices, CHANNEL)

    async def find(self, scope: OrgScope, language: str) -> Lexicon:
        """What is said otherwise than usual in this language. `language`: a code of LANGUAGES."""
        forbid_in_transaction()
        known = self._known.find(scope.org_id)
        if known is None:
            generation = self._known.generation
            async with self._database.transaction(scope) as tx:
                rows = await store.entries(tx)
            known = await asyncio.to_thread(_lexicons, [_shown(row) for row in rows])
            self._known.remember(scope.org_id, known, expires_at=None, generation=generation)
        return known.get(language, known[EVERY_LANGUAGE])

    async def list(self, tx: Tx) -> list[LexiconEntry]:
        return [_shown(row) for row in await store.entries(tx)]

    async def put(
        self, tx: Tx, pronunciation: Pronunciation, language: str = EVERY_LANGUAGE
    ) -> LexiconEntry:
        """Instead of what there was for this word in this language."""
        if language != EVERY_LANGUAGE:
            language = find_language(language).code
        row = LexiconRow(
            id=uuid4(),
            word=" ".join(pronunciation.word.split()),
            language=language,
            respelling=pronunciation.respelling,
            sounds=pronunciation.sounds,
            matches_case=pronunciation.matches_case,
        )
        row.id = await store.put_entry(tx, row)
        if await store.count_entries(tx) > MOST_ENTRIES:
            raise LexiconFull(f"The lexicon has {MOST_ENTRIES} entries, which is the most")
        await self._notices.notify(tx, CHANNEL)
        await self._events.publish(tx, WordPronounced(word=row.word, language=language))
        return _shown(row)

    async def remove(self, tx: Tx, entry_id: UUID) -> None:
        word = await store.remove_entry(tx, entry_id)
        if word is None:
            raise EntryNotFound("Entry not found")
        await self._notices.notify(tx, CHANNEL)
        await self._events.publish(tx, PronunciationRemoved(word=word))


def _lexicons(entries: Sequence[LexiconEntry]) -> Mapping[str, Lexicon]:
    """Of each language that has entries of its own. These replace those of all languages."""
    by_language: dict[str, list[Pronunciation]] = {EVERY_LANGUAGE: []}
    for entry in entries:
        by_language.setdefault(entry.language, []).append(entry.pronunciation)
    of_all = by_language[EVERY_LANGUAGE]
    lexicons = {EVERY_LANGUAGE: Lexicon(of_all[:MOST_ENTRIES])}
    for code, own in by_language.items():
        if code != EVERY_LANGUAGE:
            words = {said.word.lower() for said in own}
            said_here = [*own, *(said for said in of_all if said.word.lower() not in words)]
            # Two that were put at the same time may be one more than the most.
            lexicons[code] = Lexicon(said_here[:MOST_ENTRIES])
    return lexicons


def _shown(row: LexiconRow) -> LexiconEntry:
    said = Pronunciation(row.word, row.respelling, row.sounds, row.matches_case)
    return LexiconEntry(row.id, said, row.language)
