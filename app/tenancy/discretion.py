"""What is done for whoever has an e-mail address, if anybody has, after the answer has been given.

Whoever names an address learns nothing from the answer, nor from the time that it took: the account
is looked up by a job, and the same job is made whether there is one or not.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from app.core.crypto import KeyRing, context_of
from app.core.db import Database, Tx
from app.core.jobs import JobKind, Jobs
from app.core.scope import Scope, system_scope
from app.tenancy.accounts import Accounts
from app.tenancy.domain.principals import Device
from app.tenancy.domain.users import Account

STRANGER = "somebody not signed in"
_CONTEXT = context_of("jobs", "tenancy.address_named", "email")

Act = Callable[[Tx, Account], Awaitable[None]]


class Matter(StrEnum):
    """Why an address was named. Kept in jobs: do not rename."""

    SIGN_UP = "sign_up"
    LOGIN_FAILED = "login_failed"
    RESET = "reset"
    VERIFICATION = "verification"


class AddressNamed(msgspec.Struct, frozen=True):
    """Jobs can be read by whoever reads the database: the address is sealed."""

    matter: Matter
    email: bytes
    address: str
    agent: str


ADDRESS_NAMED = JobKind("tenancy.address_named", AddressNamed)


class Discretion:
    def __init__(self, database: Database, jobs: Jobs, keys: KeyRing, accounts: Accounts) -> None:
        self._database = database
        self._jobs = jobs
        self._keys = keys
        self._accounts = accounts
        self._acts: dict[Matter, Act] = {}
        jobs.register(ADDRESS_NAMED, self._attend)

    def on(self, matter: Matter, act: Act) -> None:
        """`act` runs in a transaction of the account's own scope, at least once."""
        self._acts[matter] = act

    async def attend(self, matter: Matter, email: str, device: Device) -> None:
        sealed = self._keys.encrypt(email.encode(), context=_CONTEXT)
        job = AddressNamed(matter, sealed, device.address, device.agent)
        async with self._database.transaction(system_scope("an address was named")) as tx:
            await self._jobs.enqueue(tx, ADDRESS_NAMED, job)

    async def _attend(self, _: Scope, job: AddressNamed) -> None:
        email = self._keys.decrypt(job.email, context=_CONTEXT).decode()
        account = await self._accounts.find(email)
        if account is None:
            return
        scope = account.scope(Device(job.address, job.agent), actor=STRANGER)
        async with self._database.transaction(scope) as tx:
            await self._acts[job.matter](tx, account)
