"""``doctorflan-ls plugins list``: each plugin, what it brings, how it is doing."""

from __future__ import annotations

import click
from rich.console import Console
from rich.text import Text as Styled

from doctorflan_ls.cli.console import BAD, GAP, GOOD, ID, QUIET, console, padded, print_json, width
from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.plugin_commands import Brought, all_commands
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.plugins.report import Row, plugin_rows, problem_rows

_STATES = {"loaded": GOOD, "off": QUIET, "refused": BAD, "tripped": GAP}
_BRINGS = ("tasks", "models", "sections", "checks")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON (schemas/plugin.schema.json).")
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> Exit:
    """List the plugins: version, state, what each brings, its hooks and the time they took.

    What is left out says why and how to mend it; the exit code is 1 then.
    """
    session = Session.of(ctx)
    # What is wrong is in the list itself.
    plugins = session.quiet_plugins
    problems: list[PluginFailed] = []
    commands = list(all_commands(plugins, _builtin_commands(ctx), problems))
    rows = [*plugin_rows(plugins, session.locale), *problem_rows(plugins, session.locale)]
    if as_json:
        named = {each.name: each.plugin for each in commands}
        print_json({"plugins": rows, "commands": named})
    else:
        _show(rows, commands, session.locale)
        shown = {row["reason"] for row in rows}
        for problem in problems:
            if problem.user_message(session.locale) in shown:
                continue
            console().print(problem.user_message(session.locale), style=BAD)
    return Exit.FOUND if problems or any(row["code"] for row in rows) else Exit.OK


def _builtin_commands(ctx: click.Context) -> list[str]:
    group = ctx.find_root().command
    return group.list_commands(ctx) if isinstance(group, click.Group) else []


def _show(rows: list[Row], commands: list[Brought], locale: Locale) -> None:
    out = console()
    if not rows:
        out.print(message("cli.doctor-no-plugins", locale))
    for row in rows:
        _show_one(out, row, [each.name for each in commands if each.plugin == row["name"]], locale)


def _show_one(out: Console, row: Row, commands: list[str], locale: Locale) -> None:
    head = Styled(padded(row["name"], max(30, width(row["name"]) + 2)), ID)
    head.append(padded(row["version"], 10))
    head.append(message(f"plugins.state-{row['state']}", locale), _STATES[row["state"]])
    if row["load_seconds"]:
        took = message("plugins.took", locale, load=row["load_seconds"], calls=row["calls"])
        head.append(f"  {took}", QUIET)
    out.print(head)
    if row["hooks"]:
        out.print("  " + " ".join(row["hooks"]), style=QUIET)
    brought = [(name, row[name]) for name in _BRINGS] + [("commands", commands)]
    for name, ids in brought:
        if ids:
            title = message(f"plugins.brings-{name}", locale)
            out.print(f"  {padded(title, 10)}{', '.join(ids)}")
    if row["terms"]:
        out.print(f"  {padded(message('plugins.brings-terms', locale), 10)}{row['terms']}")
    if row["unknown_hooks"]:
        names = ", ".join(row["unknown_hooks"])
        out.print("  " + message("plugins.unknown-hooks", locale, hooks=names), style=GAP)
    if row["reason"]:
        out.print(f"  {row['reason']}", style=BAD)
