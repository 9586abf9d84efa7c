"""Users, and what proves that a letter reached them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.db import Tx
from app.tenancy.domain.principals import Role
from app.tenancy.domain.users import Account, Belonging, Newcomer
from app.tenancy.store.rows import (
    EmailVerificationRow,
    InvitationRow,
    MembershipRow,
    OrganizationRow,
    PasswordResetRow,
    UserRow,
    UserSessionRow,
)

Proof = PasswordResetRow | EmailVerificationRow
P = TypeVar("P", PasswordResetRow, EmailVerificationRow)

_LAST_ACTIVE = (
    select(UserSessionRow.active_org_id)
    .where(UserSessionRow.user_id == UserRow.id, UserSessionRow.id == UserSessionRow.chain_id)
    .order_by(UserSessionRow.created_at.desc())
    .limit(1)
    .correlate(UserRow)
    .scalar_subquery()
)
_HOME = (
    select(MembershipRow.org_id)
    .where(MembershipRow.user_id == UserRow.id)
    .order_by(
        MembershipRow.org_id.is_not_distinct_from(_LAST_ACTIVE).desc(),
        MembershipRow.created_at,
        MembershipRow.org_id,
    )
    .limit(1)
    .correlate(UserRow)
    .scalar_subquery()
)


async def add_user(tx: Tx, new: Newcomer) -> bool:
    """False where the address has an account."""
    statement = (
        insert(UserRow)
        .values(
            id=new.user_id,
            email=new.email,
            name=new.name,
            password_hash=new.password_hash,
            auth_provider=new.provider,
            email_verified_at=func.now() if new.is_verified else None,
        )
        .on_conflict_do_nothing(index_elements=[UserRow.email])
        .returning(UserRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def find_account(tx: Tx, email: str) -> Account | None:
    """In the system scope: who asks is not known yet."""
    return await _account(tx, UserRow.email == email)


async def find_account_of(tx: Tx, user_id: UUID) -> Account | None:
    return await _account(tx, UserRow.id == user_id)


async def lock_user(tx: Tx, user_id: UUID) -> UserRow | None:
    """A change of the password waits for this, and this for that."""
    query = select(UserRow).where(UserRow.id == user_id).with_for_update(key_share=True)
    return await tx.session.scalar(query)


async def find_user(tx: Tx, user_id: UUID) -> UserRow | None:
    return await tx.session.scalar(select(UserRow).where(UserRow.id == user_id))


async def belongings(tx: Tx, user_id: UUID) -> tuple[Belonging, ...]:
    """The oldest membership first."""
    query = (
        select(OrganizationRow, MembershipRow.role)
        .join(MembershipRow, MembershipRow.org_id == OrganizationRow.id)
        .where(MembershipRow.user_id == user_id)
        .order_by(MembershipRow.created_at, MembershipRow.org_id)
    )
    return tuple(
        Belonging(row.id, row.name, row.slug, Role(role))
        for row, role in await tx.session.execute(query)
    )


async def is_invited(tx: Tx, email: str) -> bool:
    """In the system scope: by any organization."""
    query = select(InvitationRow.id).where(
        InvitationRow.email == email,
        InvitationRow.accepted_at.is_(None),
        InvitationRow.revoked_at.is_(None),
        InvitationRow.expires_at > func.now(),
    )
    return (await tx.session.scalars(query.limit(1))).first() is not None


async def add_proof(tx: Tx, row: Proof) -> None:
    """Those of its kind that the user was sent before are worth nothing any more."""
    await drop_proofs(tx, type(row), row.user_id)
    tx.session.add(row)
    await tx.session.flush()


async def drop_proofs(tx: Tx, kind: type[Proof], user_id: UUID) -> None:
    await tx.session.execute(
        update(kind)
        .where(kind.user_id == user_id, kind.used_at.is_(None))
        .values(used_at=func.now())
    )


async def find_proof(tx: Tx, kind: type[P], hashes: Sequence[bytes]) -> P | None:
    query = select(kind).where(kind.token_hash.in_(hashes), *_usable(kind))
    return await tx.session.scalar(query)


async def use_proof(tx: Tx, row: Proof) -> bool:
    """False where somebody else used it a moment ago."""
    kind = type(row)
    statement = update(kind).where(kind.id == row.id, *_usable(kind)).values(used_at=func.now())
    return (await tx.session.execute(statement.returning(kind.id))).first() is not None


async def purge_proofs(tx: Tx, before: datetime) -> None:
    for kind in (PasswordResetRow, EmailVerificationRow):
        await tx.session.execute(delete(kind).where(kind.expires_at < before))


async def purge_guests(tx: Tx) -> None:
    """Those without a session, which they could never have again, and what only they could see."""
    other = aliased(MembershipRow)
    shared = (
        exists()
        .where(MembershipRow.user_id == UserRow.id)
        .where(other.org_id == MembershipRow.org_id, other.user_id != UserRow.id)
    )
    gone = select(UserRow.id).where(
        UserRow.auth_provider == "guest",
        UserRow.email.is_(None),
        ~exists().where(UserSessionRow.user_id == UserRow.id),
        ~shared,
    )
    guests = (await tx.session.scalars(gone)).all()
    theirs = select(MembershipRow.org_id).where(MembershipRow.user_id.in_(guests))
    await tx.session.execute(delete(OrganizationRow).where(OrganizationRow.id.in_(theirs)))
    await tx.session.execute(delete(UserRow).where(UserRow.id.in_(guests)))


async def _account(tx: Tx, condition: ColumnElement[bool]) -> Account | None:
    found = (await tx.session.execute(select(UserRow, _HOME).where(condition))).first()
    if found is None:
        return None
    row: UserRow = found[0]
    return Account(
        user_id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        is_verified=row.email_verified_at is not None,
        home=found[1],
    )


def _usable(kind: type[Proof]) -> tuple[ColumnElement[Any], ...]:
    return kind.used_at.is_(None), kind.expires_at > func.now()
