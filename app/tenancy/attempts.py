"""How often somebody may try to get in, from one place and for one account.

The limiter sees a keyed hash in place of an account, which may be one or none.
"""

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.limits import Limit, Limiter, site_of
from app.tenancy.domain.principals import Device
from app.tenancy.domain.users import TooManyAttempts

QUARTER_S = 15 * 60
HOUR_S = 60 * 60

FROM_HERE = Limit(10, QUARTER_S)
"""Passwords tried for one account from one place."""
FROM_ANYWHERE = Limit(100, HOUR_S)
"""The same from all places together."""
LETTERS = Limit(5, HOUR_S)
"""Of one kind, that one address may be made to get."""


class Attempts:
    """`per_address` is of one kind of try in 15 minutes, whichever account it is for."""

    def __init__(self, limiter: Limiter, keys: KeyRing, *, per_address: int) -> None:
        self._limiter = limiter
        self._keys = keys
        self._per_address = Limit(per_address, QUARTER_S)

    async def at(self, act: str, device: Device) -> None:
        """Raises where there were too many of `act` from this place."""
        await self._take(f"{act}:at:{site_of(device.address)}", self._per_address)

    async def of_password(self, account: str, device: Device) -> None:
        """Before a password is checked."""
        await self.at("password", device)
        name = self._hidden(account)
        await self._take(f"password:here:{name}:{site_of(device.address)}", FROM_HERE)
        await self._take(f"password:of:{name}", FROM_ANYWHERE)

    async def of_letter(self, act: str, email: str, device: Device) -> None:
        """Before a letter is written to `email`, if anybody has it."""
        await self.at(act, device)
        await self._take(f"{act}:of:{self._hidden(email)}", LETTERS)

    async def _take(self, key: str, limit: Limit) -> None:
        taken = await self._limiter.take(f"attempts:{key}", limit)
        if not taken.allowed:
            wait_s = max(1, taken.reset_at - int(utc_now().timestamp()))
            raise TooManyAttempts(
                f"Too many attempts: try again in {wait_s} s", retry_after_s=wait_s
            )

    def _hidden(self, account: str) -> str:
        return self._keys.sign(account.casefold().encode(), purpose="attempts").hex()
