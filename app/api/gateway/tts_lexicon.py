"""How an organization has its words pronounced."""

from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import permitted
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission
from app.tts.catalogue import find_language
from app.tts.lexicons import EVERY_LANGUAGE, LexiconEntry
from app.tts.text.lexicon import Pronunciation

LEXICON = "/tts/lexicon"
MAY_CHANGE = permitted(Permission.WRITE)


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Either `respelling`, text that is read instead, or `sounds`, in IPA or Kokoro's alphabet.
    Without a `language` it holds for all of them."""

    word: str
    language: str | None = None
    respelling: str | None = None
    sounds: str | None = None
    matches_case: bool = False


class Entry(NewEntry, frozen=True, kw_only=True):
    id: UUID


class LexiconAnswer(msgspec.Struct, frozen=True):
    entries: list[Entry]


@get(LEXICON, opt=permitted(Permission.READ), dependencies=TENANT)
async def read_lexicon(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> LexiconAnswer:
    """All of it, in the order of the words."""
    async with runtime.database.transaction(tenant) as tx:
        return LexiconAnswer([_shown(entry) for entry in await runtime.lexicons.list(tx)])


@put(LEXICON, opt=MAY_CHANGE, dependencies=TENANT)
async def put_entry(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[NewEntry],
) -> Entry:
    """In the place of what there was for the same word in the same language. Heard at once."""
    language = find_language(data.language).code if data.language else EVERY_LANGUAGE
    said = Pronunciation(data.word, data.respelling or "", data.sounds or "", data.matches_case)
    async with runtime.database.transaction(tenant) as tx:
        return _shown(await runtime.lexicons.put(tx, said, language))


@delete(LEXICON + "/{entry_id:uuid}", opt=MAY_CHANGE, dependencies=TENANT)
async def remove_entry(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], entry_id: FromPath[UUID]
) -> None:
    """The word is said as usual again."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.lexicons.remove(tx, entry_id)


def _shown(entry: LexiconEntry) -> Entry:
    said = entry.pronunciation
    return Entry(
        id=entry.id,
        word=said.word,
        language=entry.language or None,
        respelling=said.respelling or None,
        sounds=said.sounds or None,
        matches_case=said.matches_case,
    )


ROUTES = (read_lexicon, put_entry, remove_entry)
