"""`python -m app.cli`, which `./parley` runs."""

import sys

import click

from app import VERSION
from app.cli.data import migrate, orgs
from app.cli.lm import lm
from app.cli.look import doctor, openapi, vad
from app.cli.mail import mail
from app.cli.measure import bench
from app.cli.members import appoint, members
from app.cli.models import models
from app.cli.oversight import audit, quota
from app.cli.serve import serve
from app.cli.tokens import tokens
from app.core.errors import AppError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="parley %(version)s")
def parley() -> None:
    """An on-prem voice-AI platform. `parley test` runs every check and test."""


for command in (serve, migrate, models, doctor, orgs, tokens, mail, openapi, vad, lm, bench):
    parley.add_command(command)
for command in (appoint, audit, members, quota):
    orgs.add_command(command)


def main() -> int:
    try:
        parley(standalone_mode=False)
    except AppError as error:
        click.echo(f"parley: {error.message}", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
