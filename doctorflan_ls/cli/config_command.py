"""``doctorflan-ls config``: every setting, its value and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from doctorflan_ls.cli.console import ID, MARK, QUIET, console, padded, print_json, width
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import message
from doctorflan_ls.settings import WORKSPACE_FILE, Value, user_file


@click.command("config")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with what is wrong.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> Exit:
    """Every setting, its value and where it came from.

    Later layers win: default, your own file, .doctorflan.toml of this folder, the editor, variables
    DOCTORFLAN_..., --set. Exit code 1 where a layer holds something wrong.
    """
    session = Session.of(ctx)
    problems = session.resolved.problems
    if as_json:
        settings = {key: _as_json(value) for key, value in session.resolved.values.items()}
        wrong = [problem.user_message(session.locale) for problem in problems]
        print_json({"user_file": str(user_file()), "settings": settings, "problems": wrong})
    else:
        _print(session.resolved.values, session)
        for problem in problems:
            say(problem.user_message(session.locale))
    return Exit.FOUND if problems else Exit.OK


def _as_json(value: Value) -> dict[str, object]:
    return {"value": _plain(value.value), "source": value.layer, "origin": value.origin}


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _print(values: Mapping[str, Value], session: Session) -> None:
    out = console()
    shown = {
        key: json.dumps(_plain(each.value), ensure_ascii=False) for key, each in values.items()
    }
    for key, value in values.items():
        out.print(padded(key, max(map(width, values)) + 2), style=ID, end="")
        column = min(max(map(width, shown.values())), 24) + 2
        out.print(padded(f"{shown[key]}  ", column), end="")
        source = f"{value.layer} ({value.origin})" if value.origin else value.layer
        out.print(source, style=QUIET if value.layer == "default" else MARK)
    files = message("cli.config-files", session.locale, user=user_file(), workspace=WORKSPACE_FILE)
    out.print(files, style=QUIET)
