"""`parley orgs quota`, `parley orgs audit`: what an organization may use, what was done to it."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import click
import msgspec

from app.cli import context
from app.cli.data import ACTOR, in_organization, scope_of
from app.core.db import Tx
from app.core.scope import OrgScope
from app.tenancy.domain.audit import AuditEntry, AuditQuery
from app.tenancy.domain.audit_export import ExportFormat
from app.tenancy.domain.quota import MOST_AT_ONCE, MOST_AUDIO_MINUTES, Quota
from app.wiring import Foundation

DEFAULT = "default"


class Limit(click.IntRange):
    """A number, 0 for no limit, or `default` for the installation's."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if value == DEFAULT else super().convert(value, param, ctx)

    def get_metavar(self, param: Any, ctx: Any) -> str:
        return "N|default"


def _option(name: str, most: int, what: str) -> Any:
    return click.option(name, type=Limit(0, most), help=f"{what}; 0: no limit.")


@click.command()
@click.argument("slug")
@_option("--concurrent-calls", MOST_AT_ONCE, "Calls at once")
@_option("--concurrent-streams", MOST_AT_ONCE, "Audio streams at once")
@_option("--audio-minutes-per-month", MOST_AUDIO_MINUTES, "Minutes of audio a month")
def quota(slug: str, **given: int | str | None) -> None:
    """What SLUG may use at most; with options, set that first."""
    changes = {
        name: None if limit == DEFAULT else limit
        for name, limit in given.items()
        if limit is not None
    }

    async def change(base: Foundation, tx: Tx) -> tuple[Quota, Quota]:
        own, _ = await base.quotas.get(tx)
        if changes:
            await base.quotas.set(tx, msgspec.structs.replace(own, **changes))
        return await base.quotas.get(tx)

    own, holds = in_organization(slug, change)
    for name in given:
        limit = getattr(holds, name)
        source = "default" if getattr(own, name) is None else "its own"
        click.echo(f"{name:24} {'no limit' if limit is None else limit}  ({source})")


@click.command()
@click.argument("organization")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([each.value for each in ExportFormat]),
    help="All of it, the oldest first, for a file.",
)
def audit(organization: str, file_format: str | None) -> None:
    """What was done to ORGANIZATION: the last hundred acts, the newest first.

    Named by its slug, or by its id where it was deleted.
    """
    if file_format:
        context.with_data(lambda base: _export(base, organization, ExportFormat(file_format)))
        return
    for entry in context.with_data(lambda base: _last_acts(base, organization)):
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.actor}  {entry.action}")


async def _last_acts(base: Foundation, organization: str) -> list[AuditEntry]:
    async with base.database.transaction(await _scope_of(base, organization)) as tx:
        return await base.audit.list(tx)


async def _export(base: Foundation, organization: str, file_format: ExportFormat) -> None:
    """An export is an act too, and is written down where there still is an organization."""
    scope = await _scope_of(base, organization)
    async for piece in base.audit.export(scope, AuditQuery(), file_format):
        click.echo(piece, nl=False)


async def _scope_of(base: Foundation, organization: str) -> OrgScope:
    with suppress(ValueError):
        return OrgScope(UUID(organization), ACTOR)
    return await scope_of(base, organization)
