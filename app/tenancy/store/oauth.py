"""Accounts at identity providers that speak for users of ours."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Tx
from app.tenancy.store.rows import OAuthAccountRow


async def find_linked_user(tx: Tx, provider: str, subject: str) -> UUID | None:
    """In the system scope: who asks is not known yet."""
    query = select(OAuthAccountRow.user_id).where(
        OAuthAccountRow.provider == provider, OAuthAccountRow.provider_user_id == subject
    )
    return await tx.session.scalar(query)


async def add_link(tx: Tx, provider: str, subject: str) -> bool:
    """To the user of the scope. False where it speaks for somebody already."""
    statement = (
        insert(OAuthAccountRow)
        .values(id=uuid4(), user_id=tx.user_id, provider=provider, provider_user_id=subject)
        .on_conflict_do_nothing(
            index_elements=[OAuthAccountRow.provider, OAuthAccountRow.provider_user_id]
        )
        .returning(OAuthAccountRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None
