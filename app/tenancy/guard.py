"""What stands between a guess and an account."""

from dataclasses import dataclass

from app.tenancy.attempts import Attempts
from app.tenancy.discretion import Discretion, Matter
from app.tenancy.domain.principals import Device
from app.tenancy.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Guard:
    passwords: Passwords
    attempts: Attempts
    discretion: Discretion

    async def write_to(self, matter: Matter, email: str, device: Device) -> None:
        """A letter to whoever has the address, if anybody has, and not too often."""
        await self.attempts.of_letter(matter, email, device)
        await self.discretion.attend(matter, email, device)
