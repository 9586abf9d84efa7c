"""Pronunciations of organizations: whose they are, what replaces what, and what is remembered."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from app.core.db import Database, TransactionMisused
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.tts import lexicons as module
from app.tts.domain import SpeechLanguageUnknown
from app.tts.lexicons import EntryNotFound, LexiconEntry, LexiconFull, Lexicons
from app.tts.text.lexicon import Pronunciation, PronunciationInvalid
from tests.integration.tenancy.opened import Tenancy, listening


@pytest.fixture
async def lexicons(tenancy: Tenancy) -> AsyncGenerator[Lexicons]:
    lexicons = Lexicons(tenancy.database, tenancy.events, tenancy.notices)
    async with listening(tenancy):
        yield lexicons


async def put(
    lexicons: Lexicons, tenancy: Tenancy, scope: OrgScope, said: Pronunciation, language: str = ""
) -> LexiconEntry:
    async with tenancy.database.transaction(scope) as tx:
        return await lexicons.put(tx, said, language)


async def listed(lexicons: Lexicons, tenancy: Tenancy, scope: OrgScope) -> list[LexiconEntry]:
    async with tenancy.database.transaction(scope) as tx:
        return await lexicons.list(tx)


async def respelled(lexicons: Lexicons, scope: OrgScope, text: str, language: str) -> list[str]:
    lexicon = await lexicons.find(scope, language)
    return [found.pronunciation.respelling for found in lexicon.find(text)]


AADHAAR = Pronunciation("Aadhaar", respelling="aah dhaar")


async def test_a_word_is_said_as_its_organization_says_and_no_other_hears_of_it(
    lexicons: Lexicons, tenancy: Tenancy
) -> None:
    ours, theirs = await tenancy.new_organization(), await tenancy.new_organization()
    await put(lexicons, tenancy, ours, AADHAAR)
    assert await respelled(lexicons, ours, "Your Aadhaar card", "en-us") == ["aah dhaar"]
    assert await respelled(lexicons, theirs, "Your Aadhaar card", "en-us") == []
    assert await listed(lexicons, tenancy, theirs) == []


async def test_what_is_put_counts_at_once_and_replaces_what_there_was(
    lexicons: Lexicons, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    assert await respelled(lexicons, scope, "Aadhaar", "hi") == []
    first = await put(lexicons, tenancy, scope, AADHAAR)
    second = await put(lexicons, tenancy, scope, Pronunciation("Aadhaar", respelling="aadar"))
    assert first.id == second.id
    assert await respelled(lexicons, scope, "Aadhaar", "hi") == ["aadar"]
    assert [entry.pronunciation.respelling for entry in await listed(lexicons, tenancy, scope)] == [
        "aadar"
    ]


async def test_a_language_s_own_entry_comes_before_that_of_all(
    lexicons: Lexicons, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    exact = Pronunciation("SBI", respelling="ess bee eye", matches_case=True)
    await put(lexicons, tenancy, scope, exact)
    await put(lexicons, tenancy, scope, Pronunciation("Jio", respelling="jee oh"))
    entry = await put(lexicons, tenancy, scope, Pronunciation("sbi", respelling="state bank"), "fr")
    assert entry.language == "fr"
    assert await respelled(lexicons, scope, "SBI Jio", "fr") == ["state bank", "jee oh"]
    assert await respelled(lexicons, scope, "SBI Jio", "en-us") == ["ess bee eye", "jee oh"]


async def test_a_removed_entry_counts_no_more(lexicons: Lexicons, tenancy: Tenancy) -> None:
    scope, other = await tenancy.new_organization(), await tenancy.new_organization()
    entry = await put(lexicons, tenancy, scope, AADHAAR)
    assert await respelled(lexicons, scope, "Aadhaar", "hi")
    for asked, by in ((entry.id, other), (uuid4(), scope)):
        with pytest.raises(EntryNotFound):
            async with tenancy.database.transaction(by) as tx:
                await lexicons.remove(tx, asked)
    async with tenancy.database.transaction(scope) as tx:
        await lexicons.remove(tx, entry.id)
    assert await respelled(lexicons, scope, "Aadhaar", "hi") == []


async def test_another_replica_hears_of_a_change(
    lexicons: Lexicons, tenancy: Tenancy, app_url: str
) -> None:
    scope = await tenancy.new_organization()
    assert await respelled(lexicons, scope, "Aadhaar", "hi") == []
    elsewhere = Lexicons(tenancy.database, tenancy.events, Notices(app_url))
    await put(elsewhere, tenancy, scope, AADHAAR)
    async with asyncio.timeout(10):
        while not await respelled(lexicons, scope, "Aadhaar", "hi"):  # noqa: ASYNC110 - elsewhere
            await asyncio.sleep(0.01)


async def test_what_is_known_is_not_asked_for_again(
    lexicons: Lexicons, tenancy: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = await tenancy.new_organization()
    await put(lexicons, tenancy, scope, AADHAAR)
    first = await lexicons.find(scope, "hi")
    monkeypatch.setattr(Database, "transaction", None)
    assert await lexicons.find(scope, "hi") is first


async def test_what_is_wrong_is_refused(
    lexicons: Lexicons, tenancy: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(PronunciationInvalid):
        Pronunciation("Aadhaar")
    with pytest.raises(SpeechLanguageUnknown):
        await put(lexicons, tenancy, scope, AADHAAR, "tlh")
    monkeypatch.setattr(module, "MOST_ENTRIES", 1)
    await put(lexicons, tenancy, scope, AADHAAR)
    await put(lexicons, tenancy, scope, AADHAAR)
    with pytest.raises(LexiconFull):
        await put(lexicons, tenancy, scope, Pronunciation("Jio", respelling="jee oh"))
    assert len(await listed(lexicons, tenancy, scope)) == 1
    async with tenancy.database.transaction(scope):
        with pytest.raises(TransactionMisused):
            await lexicons.find(scope, "hi")


async def test_changes_are_in_the_audit_log(lexicons: Lexicons, tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    entry = await put(lexicons, tenancy, scope, AADHAAR, "hi-IN")
    async with tenancy.database.transaction(scope) as tx:
        await lexicons.remove(tx, entry.id)
        kept = await tenancy.audit.list(tx)
    assert [(each.action, each.details) for each in kept[:2]] == [
        ("PronunciationRemoved", {"word": "Aadhaar"}),
        ("WordPronounced", {"word": "Aadhaar", "language": "hi"}),
    ]
