"""The tables of what organizations add to speaking, and all of their SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, defer, mapped_column

from app.core.db import Base, TenantOwned, Tx


class FittedVoiceRow(TenantOwned, Base):
    """`pack` is encrypted."""

    __tablename__ = "fitted_voices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    speaker: Mapped[str]
    statement: Mapped[str]
    attested_by: Mapped[str]
    pack: Mapped[bytes]
    speed: Mapped[float]
    similarity: Mapped[float]
    stock_voice: Mapped[str]
    stock_similarity: Mapped[float]
    recording_hash: Mapped[bytes]
    created_at: Mapped[datetime]


class LexiconRow(TenantOwned, Base):
    """`language` is empty where the entry holds for all of them."""

    __tablename__ = "lexicon_entries"
    __table_args__ = (UniqueConstraint("org_id", "word", "language"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str]
    language: Mapped[str]
    respelling: Mapped[str]
    sounds: Mapped[str]
    matches_case: Mapped[bool]


async def add_voice(tx: Tx, row: FittedVoiceRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def alone_with_voices(tx: Tx) -> None:
    """Who adds one is alone with those of the organization until the transaction ends, so that what
    is checked before holds."""
    lock = func.hashtextextended(f"fitted_voices {tx.org_id}", 0)
    await tx.session.execute(select(func.pg_advisory_xact_lock(lock)))


async def voices(tx: Tx) -> Sequence[FittedVoiceRow]:
    """The newest first, without their packs."""
    query = select(FittedVoiceRow).options(defer(FittedVoiceRow.pack, raiseload=True))
    query = query.order_by(FittedVoiceRow.created_at.desc(), FittedVoiceRow.id)
    return (await tx.session.scalars(query)).all()


async def find_voice(tx: Tx, voice_id: UUID) -> FittedVoiceRow | None:
    return await tx.session.scalar(select(FittedVoiceRow).where(FittedVoiceRow.id == voice_id))


async def remove_voice(tx: Tx, voice_id: UUID) -> str | None:
    """The name that it had."""
    statement = delete(FittedVoiceRow).where(FittedVoiceRow.id == voice_id)
    return await tx.session.scalar(statement.returning(FittedVoiceRow.name))


async def heads_of_packs(tx: Tx, size: int) -> list[tuple[UUID, bytes]]:
    head = func.substring(FittedVoiceRow.pack, 1, size)
    return list((await tx.session.execute(select(FittedVoiceRow.id, head))).tuples())


async def replace_pack(tx: Tx, voice_id: UUID, pack: bytes) -> None:
    statement = update(FittedVoiceRow).where(FittedVoiceRow.id == voice_id).values(pack=pack)
    await tx.session.execute(statement)


async def entries(tx: Tx) -> Sequence[LexiconRow]:
    query = select(LexiconRow).order_by(LexiconRow.word, LexiconRow.language)
    return (await tx.session.scalars(query)).all()


async def count_entries(tx: Tx) -> int:
    return await tx.session.scalar(select(func.count()).select_from(LexiconRow)) or 0


async def put_entry(tx: Tx, row: LexiconRow) -> UUID:
    """In the place of one for the same word and language, whose id it then has."""
    said = {
        "respelling": row.respelling,
        "sounds": row.sounds,
        "matches_case": row.matches_case,
    }
    statement = insert(LexiconRow).values(
        id=row.id, org_id=tx.org_id, word=row.word, language=row.language, **said
    )
    columns = [LexiconRow.org_id, LexiconRow.word, LexiconRow.language]
    statement = statement.on_conflict_do_update(index_elements=columns, set_=said)
    return (await tx.session.execute(statement.returning(LexiconRow.id))).scalar_one()


async def remove_entry(tx: Tx, entry_id: UUID) -> str | None:
    """The word that it was for."""
    statement = delete(LexiconRow).where(LexiconRow.id == entry_id).returning(LexiconRow.word)
    return await tx.session.scalar(statement)
