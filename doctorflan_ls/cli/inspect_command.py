"""``doctorflan-ls inspect``: what a note is read as."""

from __future__ import annotations

import click

from doctorflan_ls.cli.console import print_json
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.inspection import show
from doctorflan_ls.cli.opened import open_note
from doctorflan_ls.cli.session import Session
from doctorflan_ls.features.analysis import analysis
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.plugins.hooks import findings


@click.command("inspect")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="As JSON (schemas/analysis.schema.json).")
@click.option("--check", is_flag=True, help="Exit code 1 where there are findings.")
@click.pass_context
def command(ctx: click.Context, file: str, as_json: bool, check: bool) -> Exit:
    """What the note in FILE (- is standard input) is read as.

    Document type, sections, facts, findings of the record rules, points, departments with urgency.
    """
    session = Session.of(ctx)
    plugins = session.plugins
    opened = open_note(file, session)
    options = session.check_options
    snapshot = Snapshot(
        opened.note,
        session.locale,
        checks=options,
        registry=plugins.registry,
        brought=findings(plugins, opened.note, options),
        score_tables=session.score_tables,
    )
    found = analysis(snapshot)
    if as_json:
        print_json(found)
    else:
        show(found, opened, session.locale)
    return Exit.FOUND if check and found["findings"] else Exit.OK
