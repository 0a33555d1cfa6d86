"""``doctorflan-ls plugins check``: does a plugin's checkout keep to the contract?"""

from __future__ import annotations

from pathlib import Path

import click

from doctorflan_ls.cli.console import BAD, GOOD, console, print_json
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.opened import open_note
from doctorflan_ls.cli.plugin_commands import all_commands
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import message
from doctorflan_ls.plugins import Plugins


@click.command("check")
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--note", "notes", metavar="FILE", multiple=True, help="A note to try it on, too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object for each thing tried.")
@click.pass_context
def check_command(ctx: click.Context, folder: Path, notes: tuple[str, ...], as_json: bool) -> Exit:
    """Use all that the plugin in PATH brings, as the server would, on example notes.

    PATH is the folder with its pyproject.toml; it need not be installed. Looked at: the API number,
    schemas, time budgets, a draft and a prompt for each task in both languages, a draft for each
    model in the languages it claims, that statements rest on the note, that no text of a note is
    printed or logged. The exit code is 1 where something is wrong.
    """
    from doctorflan_ls.testing.conformance import check_project  # noqa: PLC0415  (imports engine)

    session = Session.of(ctx)
    opened = [open_note(path, session).note for path in notes]

    def commands(plugins: Plugins) -> None:
        list(all_commands(plugins, (), []))

    results = list(check_project(folder, opened, session.locale, commands))
    faults = [each for each in results if each.fault]
    if as_json:
        print_json([{"name": each.name, "fault": each.fault} for each in results])
    else:
        out = console()
        for each in results:
            style = BAD if each.fault else GOOD
            out.print("✗ " if each.fault else "✓ ", style=style, end="")
            out.print(each.name + (f": {each.fault}" if each.fault else ""))
        key = "plugins.check-bad" if faults else "plugins.check-good"
        counts = {"count": len(results), "faults": len(faults)}
        out.print(message(key, session.locale, **counts), style=BAD if faults else GOOD)
    return Exit.FOUND if faults else Exit.OK
