"""`parley mail`: the outbox as the operator reads it, and whether the mail server works."""

from uuid import UUID

import click

from app.cli import context


@click.group()
def mail() -> None:
    """E-mail that was written, and the mail server."""


@mail.command(name="list")
def list_letters() -> None:
    """The newest hundred letters and what became of them."""
    for letter in context.with_data(lambda base: base.mail.list()):
        click.echo(
            f"{letter.id}  {letter.created_at:%Y-%m-%d %H:%M:%S}  {letter.state:8}  "
            f"{letter.recipient}  {letter.subject}"
        )


@mail.command()
@click.argument("letter_id", metavar="ID", type=click.UUID)
def show(letter_id: UUID) -> None:
    """One letter, with what it says while it is not sent."""
    letter, body = context.with_data(lambda base: base.mail.get(letter_id))
    click.echo(f"To:       {letter.recipient}")
    click.echo(f"Subject:  {letter.subject}")
    click.echo(f"Written:  {letter.created_at:%Y-%m-%d %H:%M:%S %Z}")
    click.echo(f"Expires:  {letter.expires_at:%Y-%m-%d %H:%M:%S %Z}")
    click.echo(f"State:    {letter.state}, after {letter.attempts} tries")
    if letter.last_error:
        click.echo(f"Error:    {letter.last_error}")
    click.echo(f"\n{body.text}" if body else "\nWhat it said is not kept any more.")


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send ADDRESS a letter at once, and print what the mail server said."""
    click.echo(context.with_data(lambda base: base.mail.send_test(address)))
