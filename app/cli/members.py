"""`parley orgs members`, `parley orgs appoint`: who belongs to an organization."""

import click

from app.cli import context
from app.cli.data import in_organization, scope_of
from app.core.scope import system_scope
from app.tenancy.domain.members import MemberNotFound
from app.tenancy.domain.principals import Role
from app.wiring import Foundation


@click.command()
@click.argument("slug")
def members(slug: str) -> None:
    """Who belongs to SLUG, the oldest membership first."""
    for member in in_organization(slug, lambda base, tx: base.members.list(tx)):
        click.echo(f"{member.role:6}  {member.user_id}  {member.email or '(guest)'}  {member.name}")


@click.command()
@click.argument("slug")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def appoint(slug: str, email: str, role: str) -> None:
    """Make the user with EMAIL a member of SLUG, or give that member another ROLE."""

    async def appointed(base: Foundation) -> None:
        scope = await scope_of(base, slug)
        async with base.database.transaction(system_scope("appoint a member")) as tx:
            user_id = await base.members.find_user(tx, email)
        if user_id is None:
            raise MemberNotFound(f"nobody signed up with {email!r}")
        async with base.database.transaction(scope) as tx:
            await base.members.appoint(tx, user_id, Role(role))

    context.with_data(appointed)
    click.echo(f"{email} belongs to {slug} as {role}")
