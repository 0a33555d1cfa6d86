"""``doctorflan-ls plugins``: what is installed, a new one, and a check of one."""

from __future__ import annotations

import click

from doctorflan_ls.cli.plugins_check import check_command
from doctorflan_ls.cli.plugins_list import list_command
from doctorflan_ls.cli.plugins_new import new_command


@click.group("plugins")
def command() -> None:
    """Packages that add tasks, models, sections, checks, terms or commands.

    The settings `plugins.allow` and `plugins.folder` say what is loaded; `--no-plugins` loads none.
    """


for _each in (list_command, new_command, check_command):
    command.add_command(_each)
