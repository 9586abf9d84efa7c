"""The database: one way in, `transaction(scope)`, and the wall between organizations.

Every statement of a transaction is confined to the organization of its scope, here by hooks on
the session and again in PostgreSQL by row-level security (`app.core.rls`).
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

from psycopg import AsyncConnection as DriverConnection
from sqlalchemy import DateTime, ForeignKey, MetaData, Text, event, func, select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.orm.attributes import get_history

from app.core.errors import Unavailable
from app.core.rls import CURRENT_ORG_SQL, ORG_SETTING, SYSTEM_SETTING, USER_SETTING
from app.core.scope import OrgScope, Scope, UserScope

_SCOPE = "scope"
_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


class TransactionMisused(RuntimeError):
    """A defect: a nested transaction, slow work inside one, or a row of another organization."""


class DatabaseDown(Unavailable):
    pass


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class TenantOwned:
    """Mixin of every table whose rows belong to an organization, and go with it."""

    org_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"),
        index=True,
        server_default=CURRENT_ORG_SQL,
        sort_order=-1,
    )


class TenantKeyed(TenantOwned):
    """The same, for a table whose primary key begins with the organization."""

    org_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"),
        primary_key=True,
        server_default=CURRENT_ORG_SQL,
        sort_order=-1,
    )


class UserOwned:
    """Mixin of every table whose rows belong to a user and go with it."""

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, sort_order=-1
    )


class TenantSession(Session):
    """A session whose statements see the rows of its scope and no others."""


@event.listens_for(TenantSession, "do_orm_execute")
def _confine(state: ORMExecuteState) -> None:
    scope = _scope_of(state.session)
    if not (state.is_select or state.is_update or state.is_delete):
        return
    if isinstance(scope, OrgScope):
        org_id = scope.org_id
        own = with_loader_criteria(
            TenantOwned, lambda cls: cls.org_id == org_id, include_aliases=True
        )
        state.statement = state.statement.options(own)
    elif isinstance(scope, UserScope):
        user_id = scope.user_id
        own = with_loader_criteria(
            UserOwned, lambda cls: cls.user_id == user_id, include_aliases=True
        )
        state.statement = state.statement.options(own)


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: Session, _context: Any, _instances: Any) -> None:
    scope = _scope_of(session)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, TenantOwned):
            _claim(row, scope)


def _claim(row: TenantOwned, scope: Scope) -> None:
    table = type(row).__name__
    if not isinstance(scope, OrgScope):
        if row.org_id is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise TransactionMisused(f"a {table} written in the system scope must name its org_id")
        return
    if row.org_id is None:  # pyright: ignore[reportUnnecessaryComparison]
        row.org_id = scope.org_id
    owners = {row.org_id, *get_history(row, "org_id").deleted}
    if owners != {scope.org_id}:
        raise TransactionMisused(f"a {table} of another organization cannot be written")


def _scope_of(session: Session) -> Scope:
    scope: Scope | None = session.info.get(_SCOPE)
    if scope is None:
        raise TransactionMisused("a session without a scope cannot reach the database")
    return scope


class Tx:
    """An open transaction. Stores work on `session`; everybody else only hands it on."""

    __slots__ = ("_announcements", "scope", "session")

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self.session = session
        self.scope = scope
        self._announcements: list[Callable[[], None]] = []

    def after_commit(self, announce: Callable[[], None]) -> None:
        """For what only this process keeps in memory: what must happen for sure is a job."""
        self._announcements.append(announce)

    def announce(self) -> None:
        for announce in self._announcements:
            announce()

    @property
    def org_id(self) -> UUID:
        if not isinstance(self.scope, OrgScope):
            raise TransactionMisused("this scope has no organization")
        return self.scope.org_id

    @property
    def user_id(self) -> UUID:
        if isinstance(self.scope, OrgScope | UserScope) and self.scope.user_id:
            return self.scope.user_id
        raise TransactionMisused("this scope has no user")

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[DriverConnection[Any]]:
        """The connection beneath, for a library that joins this transaction.

        An error inside undoes what was done inside, and no more.
        """
        async with self.session.begin_nested():
            connection = await self.session.connection()
            raw = await connection.get_raw_connection()
            yield cast("DriverConnection[Any]", raw.driver_connection)


class Database:
    """The connection pool, and the only door to it."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._engine = create_async_engine(
            with_driver(url), pool_size=pool_size, max_overflow=0, pool_pre_ping=True
        )

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncGenerator[Tx]:
        """Commit on exit, roll back on error, refuse to nest."""
        if _in_transaction.get():
            raise TransactionMisused("a transaction is already open; pass its tx on")
        token = _in_transaction.set(True)
        try:
            session = AsyncSession(
                self._engine,
                sync_session_class=TenantSession,
                expire_on_commit=False,
                info={_SCOPE: scope},
            )
            async with session, session.begin():
                await session.execute(_claim_scope(scope))
                tx = Tx(session, scope)
                yield tx
            tx.announce()
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise DatabaseDown("the database does not answer") from error
        finally:
            _in_transaction.reset(token)

    async def ping(self) -> None:
        """Raises where the database does not answer."""
        try:
            async with self._engine.connect() as connection:
                await connection.execute(select(1))
        except SQLAlchemyError as error:
            raise DatabaseDown("the database does not answer") from error

    async def close(self) -> None:
        await self._engine.dispose()


def forbid_in_transaction() -> None:
    """Called by slow work (a model, HTTP, an LLM): it must not hold a connection meanwhile."""
    if _in_transaction.get():
        raise TransactionMisused("slow work inside a transaction would hold its connection")


def _claim_scope(scope: Scope) -> Any:
    if isinstance(scope, OrgScope):
        claims = {ORG_SETTING: str(scope.org_id), USER_SETTING: str(scope.user_id or "")}
    elif isinstance(scope, UserScope):
        claims = {USER_SETTING: str(scope.user_id)}
    else:
        claims = {SYSTEM_SETTING: "on"}
    return select(*(func.set_config(name, value, True) for name, value in claims.items()))


def with_driver(url: str) -> str:
    """A PostgreSQL URL as SQLAlchemy wants it."""
    return "postgresql+psycopg://" + url.partition("://")[2]
