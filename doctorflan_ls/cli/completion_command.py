"""``doctorflan-ls completion``: a completion script for a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from doctorflan_ls.cli.exits import Exit, end
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import message

_PROGRAM = "doctorflan-ls"
_VARIABLE = "_DOCTORFLAN_LS_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    bash: eval "$(doctorflan-ls completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc; fish:
    doctorflan-ls completion fish > ~/.config/fish/completions/doctorflan-ls.fish
    """
    found = get_completion_class(shell)
    if found is None:
        end(message("cli.no-completion", Session.of(ctx).locale, shell=shell), Exit.FAILED)
    click.echo(found(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
