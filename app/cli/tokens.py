"""`parley tokens`: the API keys of every organization, and the operator's own."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click

from app.cli import context
from app.cli.data import ACTOR, in_organization
from app.core.scope import OrgScope
from app.tenancy import admin_token
from app.tenancy.domain.keys import MOST_OVERLAP_S, OVERLAP_S, KeyFamily, NewApiKey
from app.tenancy.domain.organizations import slug_of
from app.tenancy.domain.principals import KEY_SCOPES
from app.wiring import DEFAULT_ORGANIZATION, Foundation

_of_organization = click.option(
    "--org", "slug", default=slug_of(DEFAULT_ORGANIZATION), show_default=True, help="Its slug."
)
_key_id = click.argument("key_id", metavar="ID", type=click.UUID)


@click.group()
def tokens() -> None:
    """API tokens."""


@tokens.command()
@_of_organization
@click.option("--user", "user_id", default=ACTOR, show_default=True, help="Whose use is counted.")
@click.option("--label", default="", help="What it is for.")
@click.option(
    "--family",
    type=click.Choice([family.value for family in KeyFamily]),
    default=KeyFamily.GATEWAY.value,
    show_default=True,
    help="What its prefix tells: wh_, wsk_, nn_k_, va_.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in KEY_SCOPES]),
    help="What it may do; again for more; without any: everything.",
)
@click.option("--expires", type=click.DateTime(), help="When it ends, in UTC; default: never.")
def create(slug: str, family: str, expires: datetime | None, **fields: Any) -> None:
    """Make a token; it is printed once."""
    new = NewApiKey(
        user_id=fields["user_id"],
        label=fields["label"],
        expires_at=expires and expires.replace(tzinfo=UTC),
        family=KeyFamily(family),
        scopes=fields["scopes"] or KEY_SCOPES,
    )
    key, token = in_organization(slug, lambda base, tx: base.api_keys.create(tx, new))
    click.echo(f"{key.id}\nToken: {token}")


@tokens.command(name="list")
@_of_organization
@click.option("--family", type=click.Choice([family.value for family in KeyFamily]))
def list_tokens(slug: str, family: str | None) -> None:
    """Those that work."""
    keys = in_organization(slug, lambda base, tx: base.api_keys.list(tx, admins_too=True))
    for key in keys:
        if family in (None, key.family):
            ends = f"until {key.expires_at:%Y-%m-%d %H:%M:%S}" if key.expires_at else "no end"
            scopes = "operator" if key.is_admin else ",".join(key.scopes)
            click.echo(f"{key.id}  {key.hint:16}  {key.user_id}  {scopes}  {ends}  {key.label}")


@tokens.command()
@_key_id
@_of_organization
def revoke(key_id: UUID, slug: str) -> None:
    """End a token at once."""
    in_organization(slug, lambda base, tx: base.api_keys.revoke(tx, key_id, admins_too=True))
    click.echo("revoked")


@tokens.command()
@_key_id
@_of_organization
@click.option(
    "--overlap-s",
    type=click.IntRange(0, MOST_OVERLAP_S),
    default=OVERLAP_S,
    show_default=True,
    help="Seconds that the old one works on.",
)
def rotate(key_id: UUID, slug: str, overlap_s: int) -> None:
    """Make another token for the same use; it is printed once."""
    overlap = timedelta(seconds=overlap_s)
    done = in_organization(
        slug, lambda base, tx: base.api_keys.rotate(tx, key_id, overlap, admins_too=True)
    )
    click.echo(f"{done.key.id}\nToken: {done.token}")


@tokens.command()
def renew_admin() -> None:
    """Make another admin token; the present one stops working."""
    settings = context.settings_with()

    async def renew(base: Foundation) -> str:
        organization = await base.organizations.get_or_create(DEFAULT_ORGANIZATION, actor=ACTOR)
        return await base.api_keys.renew_admin(OrgScope(organization.id, ACTOR))

    token = context.with_data(renew, settings)
    admin_token.write(settings.storage.data_dir, token)
    click.echo(f"Token: {token}")
