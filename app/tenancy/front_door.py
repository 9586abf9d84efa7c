"""Builds the services by which users come in, out of what they share."""

from dataclasses import dataclass

from app.core.crypto import KeyRing
from app.core.jobs import Jobs
from app.core.limits import Limiter
from app.core.settings import Accounts as AccountSettings
from app.tenancy.accounts import Accounts
from app.tenancy.attempts import Attempts
from app.tenancy.discretion import Discretion
from app.tenancy.domain.users import UserRules
from app.tenancy.guard import Guard
from app.tenancy.organizations import Organizations
from app.tenancy.passwords import Passwords
from app.tenancy.proofs import Proofs
from app.tenancy.purge import Purge
from app.tenancy.sessions import Sessions
from app.tenancy.users import Users


@dataclass(frozen=True, slots=True)
class FrontDoor:
    users: Users
    proofs: Proofs
    accounts: Accounts


def front_door(
    accounts: Accounts,
    sessions: Sessions,
    organizations: Organizations,
    jobs: Jobs,
    keys: KeyRing,
    limiter: Limiter,
    settings: AccountSettings,
) -> FrontDoor:
    database = accounts.database
    guard = Guard(
        Passwords(),
        Attempts(limiter, keys, per_address=settings.attempts_per_address),
        Discretion(database, jobs, keys, accounts),
    )
    rules = UserRules(settings.sign_up, settings.requires_verified_email)
    proofs = Proofs(database, keys, accounts, guard, sessions)
    users = Users(database, accounts, guard, sessions, organizations, proofs, rules)
    Purge(database, jobs)
    return FrontDoor(users, proofs, accounts)
