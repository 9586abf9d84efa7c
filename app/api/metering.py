"""What every route that hears or speaks a stream does around it: admits the caller, holds a slot of
the organization's, counts what was heard or said."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.api.access import admit_socket
from app.api.callers import device_of
from app.api.sockets import AnySocket
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission, Principal
from app.tenancy.domain.quota import Slot
from app.tenancy.domain.usage import Amounts


class Meter(Protocol):
    @property
    def owner(self) -> UUID | None:
        """The organization that is counted for."""
        ...

    def count(self, seconds: float, *, characters: int = 0) -> None:
        """So much more was heard or said."""
        ...

    async def admit(self) -> None:
        """Raises where no more may be."""
        ...


@asynccontextmanager
async def metered(socket: AnySocket, runtime: Runtime) -> AsyncGenerator[Meter]:
    """Before the socket is accepted."""
    principal = await admit_socket(socket, Permission.SPEECH)
    if principal is None:
        yield _NoMeter()
        return
    scope = device_of(socket).scope(principal.org_id, actor=principal.user_id)
    meter = _Meter(runtime, principal, scope, socket.scope["path_template"])
    await meter.admit()
    async with runtime.quotas.slot(scope, Slot.STREAM):
        yield meter


@dataclass(frozen=True, slots=True)
class _Meter:
    runtime: Runtime
    principal: Principal
    scope: OrgScope
    endpoint: str

    @property
    def owner(self) -> UUID | None:
        return self.principal.org_id

    def count(self, seconds: float, *, characters: int = 0) -> None:
        if seconds > 0 or characters:
            amounts = Amounts(audio_s=seconds, characters=characters)
            self.runtime.usage.add(self.principal, self.endpoint, amounts)

    async def admit(self) -> None:
        await self.runtime.quotas.admit_audio(self.scope)


class _NoMeter:
    """On a development port, where there is nobody to count for."""

    owner = None

    def count(self, seconds: float, *, characters: int = 0) -> None:
        pass

    async def admit(self) -> None:
        pass
