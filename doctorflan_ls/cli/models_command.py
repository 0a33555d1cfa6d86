"""``doctorflan-ls models``: add, check, measure, list and remove models."""

from __future__ import annotations

import click

from doctorflan_ls.cli.export_command import export_command, repair_command
from doctorflan_ls.cli.models_add import add_command
from doctorflan_ls.cli.models_bench import bench_command
from doctorflan_ls.cli.models_check import check_command
from doctorflan_ls.cli.models_list import list_command
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import message
from doctorflan_ls.models.choice import options
from doctorflan_ls.models.folders import store


@click.group("models")
def command() -> None:
    """The models that can draft, those that were added and those that plugins bring.

    Where no model is chosen by the setting models.use, `skeleton` answers.
    """


@click.command("remove")
@click.argument("model", metavar="ID")
@click.pass_context
def remove_command(ctx: click.Context, model: str) -> None:
    """Remove an added model from the disk.

    A broken one is named by its folder.
    """
    session = Session.of(ctx)
    folder = store.remove(model, options(session.settings))
    click.echo(message("models.removed", session.locale, model=model, folder=folder))
    named = [key for key, value in session.settings.models.use.items() if value == model]
    if named:
        keys = ", ".join(named)
        click.echo(message("models.still-chosen", session.locale, model=model, keys=keys))


_COMMANDS = (
    *(list_command, add_command, check_command, remove_command, bench_command),
    *(export_command, repair_command),
)
for each in _COMMANDS:
    command.add_command(each)
