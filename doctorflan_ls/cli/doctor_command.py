"""``doctorflan-ls doctor``: is this installation whole, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict

import click

from doctorflan_ls.cli.console import BAD, GAP, GOOD, ID, QUIET, console, padded, print_json
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.selfcheck import Item, all_items
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import Locale, message

_COLOURS = {"ok": GOOD, "optional": GAP, "broken": BAD}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object for each check.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> Exit:
    """Check Python, packages, models, plugins, settings and a real draft.

    What is missing is named with whether it matters and the command that mends it. Exit code 1
    where something needed is broken.
    """
    session = Session.of(ctx)
    items = tuple(all_items(session))
    if as_json:
        print_json([asdict(item) for item in items])
    else:
        _print(items, session.locale)
    return Exit.FOUND if any(item.state == "broken" for item in items) else Exit.OK


def _print(items: tuple[Item, ...], locale: Locale) -> None:
    out = console()
    for item in items:
        state = message(f"cli.doctor-{item.state}", locale)
        out.print(padded(state, 10), style=_COLOURS[item.state], end="")
        out.print(padded(item.name, 18), style=ID, end="")
        out.print(item.detail)
        if item.mend:
            out.print(
                padded("", 10) + message("cli.doctor-mend", locale, mend=item.mend), style=GAP
            )
    broken = sum(1 for item in items if item.state == "broken")
    key = "cli.doctor-some-broken" if broken else "cli.doctor-all-well"
    out.print(message(key, locale, count=broken), style=BAD if broken else QUIET)
