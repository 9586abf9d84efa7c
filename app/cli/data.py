"""`parley migrate`, `parley orgs`, `parley tokens`: what an operator does to the data."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from app import VERSION, wiring
from app.cli import context
from app.core.db import Tx
from app.core.http import OutboundResponse
from app.core.scope import OrgScope
from app.core.settings import Settings
from app.tenancy import admin_token
from app.wiring import DEFAULT_ORGANIZATION, Foundation

ACTOR = "operator"

T = TypeVar("T")


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    _with_data(_nothing)
    click.echo("the database is up to date")


@click.group()
def orgs() -> None:
    """Organizations, and the private hosts that each may reach."""


@orgs.command(name="create")
@click.argument("name")
def create_org(name: str) -> None:
    organization = _with_data(lambda base: base.organizations.create(name, actor=ACTOR))
    click.echo(f"{organization.slug}  {organization.id}")


@orgs.command(name="list")
def list_orgs() -> None:
    for organization in _with_data(lambda base: base.organizations.list()):
        click.echo(f"{organization.slug}  {organization.id}  {organization.name}")


@orgs.command()
@click.argument("slug")
@click.argument("rule")
def allow(slug: str, rule: str) -> None:
    """Let SLUG reach a private host: 10.0.5.7:8080, 10.0.0.0/8, llm.bank.local."""
    _in_organization(slug, lambda base, tx: base.outbound_rules.add(tx, rule))


@orgs.command()
@click.argument("slug")
@click.argument("rule")
def forbid(slug: str, rule: str) -> None:
    """Take a rule of `allow` back."""
    _in_organization(slug, lambda base, tx: base.outbound_rules.remove(tx, rule))


@orgs.command()
@click.argument("slug")
def audit(slug: str) -> None:
    """What was done to SLUG, the newest first."""
    for entry in _in_organization(slug, lambda base, tx: base.audit.list(tx)):
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.actor}  {entry.action}")


@orgs.command()
@click.argument("slug")
@click.argument("url")
def reach(slug: str, url: str) -> None:
    """Try a GET of URL as SLUG: what its webhooks and tools may reach."""

    async def get(base: Foundation) -> OutboundResponse:
        scope = await _scope_of(base, slug)
        async with base.database.transaction(scope) as tx:
            allowed = await base.outbound_rules.list(tx)
        return await base.outbound.request("GET", url, allowed=allowed)

    answer = _with_data(get)
    click.echo(f"{answer.status}, {len(answer.body)} bytes")


@click.group()
def tokens() -> None:
    """API tokens."""


@tokens.command()
def renew_admin() -> None:
    """Make another admin token; the present one stops working."""
    settings = context.settings_with()

    async def renew(base: Foundation) -> str:
        organization = await base.organizations.get_or_create(DEFAULT_ORGANIZATION, actor=ACTOR)
        return await base.api_keys.renew_admin(OrgScope(organization.id, ACTOR))

    token = _with_data(renew, settings)
    admin_token.write(settings.storage.data_dir, token)
    click.echo(f"Token: {token}")


async def _nothing(_: Foundation) -> None:
    """Opening the foundation is all that a migration takes."""


async def _scope_of(base: Foundation, slug: str) -> OrgScope:
    return OrgScope((await base.organizations.get(slug)).id, ACTOR)


def _in_organization(slug: str, work: Callable[[Foundation, Tx], Awaitable[T]]) -> T:
    async def run(base: Foundation) -> T:
        async with base.database.transaction(await _scope_of(base, slug)) as tx:
            return await work(base, tx)

    return _with_data(run)


def _with_data(work: Callable[[Foundation], Awaitable[T]], settings: Settings | None = None) -> T:
    chosen = settings or context.settings_with()

    async def run() -> T:
        async with wiring.foundation(chosen, VERSION, join=True) as base:
            return await work(base)

    return context.run(run())
