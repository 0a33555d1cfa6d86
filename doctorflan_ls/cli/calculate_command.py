"""``doctorflan-ls calculate``: what can be calculated from a note, and what is missing for it."""

from __future__ import annotations

import click

from doctorflan_ls.cli.calculations import calculations
from doctorflan_ls.cli.console import QUIET, console, print_json
from doctorflan_ls.cli.exits import Exit, end
from doctorflan_ls.cli.opened import open_note
from doctorflan_ls.cli.session import Session
from doctorflan_ls.features.calculators import rows
from doctorflan_ls.i18n import Locale, message


@click.command("calculate")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a list of results.")
@click.option("--only", metavar="ID", multiple=True, help="Only this calculator; may be repeated.")
@click.pass_context
def command(ctx: click.Context, file: str, as_json: bool, only: tuple[str, ...]) -> Exit:
    """Calculators whose values the note in FILE (- is standard input) states.

    Each with its inputs, formula and source; a score has a range over what the note does not say.
    """
    session = Session.of(ctx)
    _known(only, session.locale)
    opened = open_note(file, session)
    found = [
        each for each in rows(opened.note, None, session.locale) if not only or each["id"] in only
    ]
    if as_json:
        print_json(found)
        return Exit.OK
    out = console()
    if not found:
        out.print(message("cli.calculate-none", session.locale), style=QUIET)
        return Exit.OK
    for line in calculations(found, opened, session.locale, sources=True):
        out.print(line)
    out.print(message("cli.calculate-note", session.locale), style=QUIET)
    return Exit.OK


def _known(only: tuple[str, ...], locale: Locale) -> None:
    """End with the ids that there are where one of ``only`` is none of them."""
    from doctorflan_ls.calculators import calculators  # noqa: PLC0415  # not for the help

    known = [each.id for each in calculators()]
    for name in only:
        if name not in known:
            text = message("cli.calculate-unknown", locale, name=name, known=", ".join(known))
            end(text, Exit.USAGE)
