"""`parley migrate`, `parley orgs`: what an operator does to the data."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from app.cli import context
from app.core.db import Tx
from app.core.http import OutboundResponse
from app.core.scope import OrgScope
from app.wiring import Foundation

ACTOR = "operator"

T = TypeVar("T")


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    context.with_data(_nothing)
    click.echo("the database is up to date")


@click.group()
def orgs() -> None:
    """Organizations, and the private hosts that each may reach."""


@orgs.command(name="create")
@click.argument("name")
def create_org(name: str) -> None:
    organization = context.with_data(lambda base: base.organizations.create(name, actor=ACTOR))
    click.echo(f"{organization.slug}  {organization.id}")


@orgs.command(name="list")
def list_orgs() -> None:
    for organization in context.with_data(lambda base: base.organizations.list()):
        click.echo(f"{organization.slug}  {organization.id}  {organization.name}")


@orgs.command()
@click.argument("slug")
@click.argument("rule")
def allow(slug: str, rule: str) -> None:
    """Let SLUG reach a private host: 10.0.5.7:8080, 10.0.0.0/8, llm.bank.local."""
    in_organization(slug, lambda base, tx: base.outbound_rules.add(tx, rule))


@orgs.command()
@click.argument("slug")
@click.argument("rule")
def forbid(slug: str, rule: str) -> None:
    """Take a rule of `allow` back."""
    in_organization(slug, lambda base, tx: base.outbound_rules.remove(tx, rule))


@orgs.command()
@click.argument("slug")
@click.argument("url")
def reach(slug: str, url: str) -> None:
    """Try a GET of URL as SLUG: what its webhooks and tools may reach."""

    async def get(base: Foundation) -> OutboundResponse:
        scope = await scope_of(base, slug)
        async with base.database.transaction(scope) as tx:
            allowed = await base.outbound_rules.list(tx)
        return await base.outbound.request("GET", url, allowed=allowed)

    answer = context.with_data(get)
    click.echo(f"{answer.status}, {len(answer.body)} bytes")


@orgs.command(name="webhook-secret")
@click.argument("slug")
def webhook_secret(slug: str) -> None:
    """Print what the webhooks of SLUG are signed with."""
    secret = in_organization(slug, lambda base, tx: base.organizations.signing_secret(tx))
    click.echo(secret.decode())


async def _nothing(_: Foundation) -> None:
    """Opening the foundation is all that a migration takes."""


async def scope_of(base: Foundation, slug: str) -> OrgScope:
    return OrgScope((await base.organizations.get(slug)).id, ACTOR)


def in_organization(slug: str, work: Callable[[Foundation, Tx], Awaitable[T]]) -> T:
    async def run(base: Foundation) -> T:
        async with base.database.transaction(await scope_of(base, slug)) as tx:
            return await work(base, tx)

    return context.with_data(run)
