"""Voices made of somebody's speech: with consent, for one organization, encrypted, deletable."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.scope import OrgScope, system_scope
from app.tts import fitted_voices as module
from app.tts import own_voices
from app.tts.domain import VoiceUnknown
from app.tts.fitted_voices import (
    Consent,
    ConsentMissing,
    FittedVoiceNotFound,
    FittedVoices,
    FittedVoicesFull,
    KeptVoice,
    VoiceNameInvalid,
    VoiceNameTaken,
)
from app.tts.fitting import FittedVoice, Likeness
from app.tts.own_voices import OwnVoices
from app.tts.voice_vectors import PACK_SHAPE
from tests.integration.tenancy.opened import NEW_KEY, OLD_KEY, Tenancy, listening, opened, working
from tests.integration.tenancy.people import until

CONSENT = Consent(True, "Ada Lovelace", "I agree that the bank speaks with my voice.")
HASH = sha256(b"recording").digest()
PACK = np.random.default_rng(1).normal(0, 0.3, PACK_SHAPE).astype(np.float32)
FITTED = FittedVoice(
    pack=PACK,
    likeness=Likeness(0.412, 210.0, 4.5),
    nearest_stock="af_sarah",
    stock_likeness=Likeness(0.337, 184.0, 4.9),
    speed=0.95,
)


def voices_of(tenancy: Tenancy) -> FittedVoices:
    return FittedVoices(
        tenancy.database, tenancy.events, tenancy.notices, tenancy.jobs, tenancy.ring
    )


@pytest.fixture
def voices(tenancy: Tenancy) -> FittedVoices:
    return voices_of(tenancy)


async def add(
    voices: FittedVoices,
    database: Database,
    scope: OrgScope,
    consent: Consent = CONSENT,
    *,
    name: str = "Ada",
) -> KeptVoice:
    async with database.transaction(scope) as tx:
        return await voices.add(tx, name, consent, FITTED, HASH)


async def test_a_voice_comes_back_as_it_was(voices: FittedVoices, tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    made = await add(voices, tenancy.database, scope)
    async with tenancy.database.transaction(scope) as tx:
        kept, pack = await voices.get(tx, made.id)
        assert await voices.list(tx) == [made]
    assert kept == made
    assert (kept.speaker, kept.statement) == (CONSENT.speaker, CONSENT.statement)
    assert (kept.similarity, kept.stock_similarity, kept.speed) == (0.412, 0.337, 0.95)
    assert (kept.stock_voice, kept.attested_by) == ("af_sarah", "ada")
    assert np.abs(pack - PACK).max() < 1e-3


@pytest.mark.parametrize(
    "consent",
    [
        Consent(False, "Ada Lovelace", "I agree."),
        Consent(True, " ", "I agree."),
        Consent(True, "Ada Lovelace", ""),
        Consent(True, "Ada Lovelace", "x" * 2001),
    ],
)
async def test_without_consent_there_is_no_voice(
    voices: FittedVoices, tenancy: Tenancy, consent: Consent
) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(ConsentMissing):
        await add(voices, tenancy.database, scope, consent)
    async with tenancy.database.transaction(scope) as tx:
        assert await voices.list(tx) == []


async def test_another_organization_neither_sees_nor_deletes_it(
    voices: FittedVoices, tenancy: Tenancy
) -> None:
    ours, theirs = await tenancy.new_organization(), await tenancy.new_organization()
    made = await add(voices, tenancy.database, ours)
    async with tenancy.database.transaction(theirs) as tx:
        assert await voices.list(tx) == []
        with pytest.raises(FittedVoiceNotFound):
            await voices.get(tx, made.id)
        with pytest.raises(FittedVoiceNotFound):
            await voices.delete(tx, made.id)
    async with tenancy.database.transaction(ours) as tx:
        assert await voices.list(tx) == [made]


async def stored(url: str, voice_id: UUID) -> list[bytes]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        query = "SELECT pack FROM fitted_voices WHERE id = %s"
        rows = await (await connection.execute(query, [voice_id])).fetchall()
    return [row[0] for row in rows]


async def test_it_is_stored_encrypted_and_deleted_for_good(
    voices: FittedVoices, tenancy: Tenancy, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    made = await add(voices, tenancy.database, scope)
    [sealed] = await stored(embedded_superuser_url, made.id)
    assert PACK.astype("<f2").tobytes()[:64] not in sealed
    async with tenancy.database.transaction(scope) as tx:
        await voices.delete(tx, made.id)
    assert await stored(embedded_superuser_url, made.id) == []
    async with tenancy.database.transaction(scope) as tx:
        with pytest.raises(FittedVoiceNotFound):
            await voices.delete(tx, made.id)
        kept = await tenancy.audit.list(tx)
    assert [entry.action for entry in kept[:2]] == ["FittedVoiceDeleted", "VoiceFitted"]
    assert kept[1].details == {
        "voice_id": str(made.id),
        "name": "Ada",
        "speaker": "Ada Lovelace",
        "similarity": "0.412",
    }


async def test_there_is_a_most(
    voices: FittedVoices, tenancy: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_VOICES", 1)
    scope = await tenancy.new_organization()
    await add(voices, tenancy.database, scope)
    with pytest.raises(FittedVoicesFull):
        await add(voices, tenancy.database, scope, name="Eve")


async def test_a_new_master_key_reads_what_an_older_one_wrote_and_writes_it_anew(
    voices: FittedVoices, tenancy: Tenancy, app_url: str, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    made = await add(voices, tenancy.database, scope)
    async with opened(tenancy.database, app_url, NEW_KEY, OLD_KEY) as later:
        rotated = voices_of(later)
        async with working(later):
            async with later.database.transaction(system_scope("test")) as tx:
                await rotated.rotate_soon(tx)

            async def is_sealed_anew() -> bool:
                [sealed] = await stored(embedded_superuser_url, made.id)
                return not KeyRing([NEW_KEY]).needs_rotation(sealed)

            assert await until(is_sealed_anew)
        async with later.database.transaction(scope) as tx:
            _, pack = await rotated.get(tx, made.id)
    assert np.abs(pack - PACK).max() < 1e-3


async def test_a_voice_is_that_of_its_organization_until_it_is_deleted(
    voices: FittedVoices, tenancy: Tenancy
) -> None:
    own = OwnVoices(tenancy.database, tenancy.notices, voices)
    ours, theirs = await tenancy.new_organization(), await tenancy.new_organization()
    async with listening(tenancy):
        stock = await own.catalogue_of(ours.org_id)
        made = await add(voices, tenancy.database, ours)
        await changed(lambda: own.catalogue_of(ours.org_id), stock)
        catalogue = await own.catalogue_of(ours.org_id)
        assert await own.catalogue_of(ours.org_id) is catalogue
        voice, language = catalogue.choose(" aDA ", "")
        assert (voice.id, voice.name, voice.is_own, language) == (
            str(made.id),
            "Ada",
            True,
            "en-us",
        )
        assert catalogue.choose(str(made.id), "hi") == (voice, "hi")
        for other in (await own.catalogue_of(theirs.org_id), await own.catalogue_of(None)):
            assert len(other.voices) == len(catalogue.voices) - 1
            for name in ("Ada", str(made.id), voice.key):
                with pytest.raises(VoiceUnknown):
                    other.choose(name, "")
        found = await own.find_pack(voice.key)
        assert found is not None
        assert np.abs(found.pack - PACK).max() < 1e-3
        assert found.speed == FITTED.speed
        assert await own.find_pack(voice.key) is found
        for key in (f"fitted:{theirs.org_id}:{made.id}", f"fitted:{ours.org_id}:{uuid4()}", "x"):
            assert await own.find_pack(key) is None
        async with tenancy.database.transaction(ours) as tx:
            await voices.delete(tx, made.id)
        await changed(lambda: own.catalogue_of(ours.org_id), catalogue)
        assert await own.find_pack(voice.key) is None
        with pytest.raises(VoiceUnknown):
            (await own.catalogue_of(ours.org_id)).choose("Ada", "")


async def changed(ask: Callable[[], Awaitable[object]], before: object) -> None:
    """A notice takes a moment."""
    for _ in range(200):
        if await ask() is not before:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no notice came")


async def test_no_more_packs_are_kept_than_there_is_room_for(
    voices: FittedVoices, tenancy: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_voices, "MOST", 2)
    own = OwnVoices(tenancy.database, tenancy.notices, voices)
    scope = await tenancy.new_organization()
    async with listening(tenancy):
        made = [await add(voices, tenancy.database, scope, name=f"Ada {n}") for n in range(3)]
        keys = [f"fitted:{scope.org_id}:{voice.id}" for voice in made]
        await asyncio.sleep(0.1)
        first = [await own.find_pack(key) for key in keys]
        again = [await own.find_pack(key) for key in reversed(keys)]
    assert [new is old for new, old in zip(again, reversed(first), strict=True)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "Ada\x00", "A\u202eda"])
async def test_a_name_must_be_one_that_can_be_asked_for(
    voices: FittedVoices, tenancy: Tenancy, name: str
) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(VoiceNameInvalid):
        await add(voices, tenancy.database, scope, name=name)


@pytest.mark.parametrize("name", ["ada", " ADA ", "af_heart", "Tara", "female", "default"])
async def test_no_name_means_two_voices(voices: FittedVoices, tenancy: Tenancy, name: str) -> None:
    ours, theirs = await tenancy.new_organization(), await tenancy.new_organization()
    await add(voices, tenancy.database, ours)
    await add(voices, tenancy.database, theirs)
    with pytest.raises(VoiceNameTaken):
        await add(voices, tenancy.database, ours, name=name)


async def test_of_two_that_come_at_once_with_one_name_one_is_made(
    voices: FittedVoices, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    made = await asyncio.gather(
        *(add(voices, tenancy.database, scope) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, KeptVoice) for one in made) == 1
    assert sum(isinstance(one, VoiceNameTaken) for one in made) == 3
