"""The command group: the server's options, the subcommands by name, errors as one line."""

from __future__ import annotations

import io
import logging
import os
import sys
from importlib import import_module
from typing import Any

import click

from doctorflan_ls import __version__
from doctorflan_ls.cli.exits import (
    Exit,
    end,
    end_broken,
    end_failed,
    end_misused,
    end_unknown_command,
)
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale, message, terminal_locale

_COMMANDS = {
    "draft": "A task's draft for a note, with its evidence and its gaps.",
    "inspect": "What a note is read as: sections, facts, findings, triage.",
    "check": "The findings of notes and folders, for a terminal, a report or a CI job.",
    "calculate": "Scores and formulas whose values a note states, and what is missing.",
    "deidentify": "Notes without what says who somebody is.",
    "tasks": "The tasks; `tasks reconcile` compares them with your copy of the dataset.",
    "eval": "DoctorFLAN-test and DotaBench: answer, judge, measure, report.",
    "models": "Add, check, measure, choose and remove models.",
    "tune": "Tune a model on your copy of the dataset, and make a model folder of it.",
    "plugins": "List, check and begin plugins.",
    "audit": "What was recorded, and whether it is as it was written.",
    "config": "Every setting, its value and where it came from.",
    "doctor": "Check this installation and say how to mend what is wrong.",
    "demo": "A draft for an example note.",
    "completion": "A completion script for your shell.",
}


_LANGUAGE = "spoken"


class App(click.Group):
    """A group whose commands are imported when asked for and whose errors are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order a new user meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; a plugin's where there is no other of that name."""
        if cmd_name not in _COMMANDS:
            return _plugins_command(ctx, cmd_name)
        command = import_module(f"doctorflan_ls.cli.{cmd_name}_command").command
        assert isinstance(command, click.Command)  # noqa: S101
        return _with_language(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names the nearest commands where there is none of that name."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            brought = _plugins_command(ctx, name)
            if brought is None:
                end_unknown_command(name, list(_COMMANDS), Session.of(ctx).locale)
            return name, brought, args[1:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table above, so that help imports no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  (click's own signature)
    ) -> click.Context:
        """Usage errors of the group's own options as one line."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            end_misused(error, terminal_locale())

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; whatever goes wrong ends in one line and an exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except click.UsageError as error:
            end_misused(error, Session.of(ctx).locale)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except DoctorFlanError as error:
            end_failed(error, Session.of(ctx).locale)
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(Exit.INTERRUPTED)
        except BrokenPipeError:
            # The reader left; the interpreter's own last flush must not fail on it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.BROKEN_PIPE)
        except Exception as error:
            if Session.of(ctx).debug:
                raise
            end_broken(error, Session.of(ctx).locale)
        if isinstance(result, Exit):
            ctx.exit(result)
        return result


def _plugins_command(ctx: click.Context, name: str) -> click.Command | None:
    """The command ``name`` of a plugin; their plugins are loaded for a name that no other has."""
    from doctorflan_ls.cli.plugin_commands import find_command  # noqa: PLC0415

    return find_command(_session(ctx), name, _COMMANDS)


def _session(ctx: click.Context) -> Session:
    """The session of the group's options; click looks for a command before it runs the group."""
    if ctx.obj is None and ctx.params:
        overrides = ctx.params["overrides"]
        if ctx.params["no_plugins"]:
            overrides = {**overrides, "plugins.allow": "", "plugins.folder": ""}
        ctx.obj = Session(ctx.params["lang"], overrides, ctx.params["debug"])
    return Session.of(ctx)


def _with_language(command: click.Command) -> click.Command:
    """``command`` and its subcommands taking ``--lang`` too: few look for it before the name."""
    if not any(each.name == _LANGUAGE for each in command.params):
        option = click.Option(
            ["--lang", _LANGUAGE],
            type=click.Choice(["zh", "en"]),
            help="Language of titles and messages.",
            expose_value=False,
            callback=_chosen_language,
        )
        command.params.append(option)
        if isinstance(command, click.Group):
            for each in command.commands.values():
                _with_language(each)
    return command


def _chosen_language(ctx: click.Context, _param: click.Parameter, value: Locale | None) -> None:
    if value is not None:
        Session.of(ctx).speak(value)


def _overrides(
    _ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if not all(sign and key for key, sign, _ in split):
        end(message("cli.bad-set", terminal_locale()), Exit.USAGE)
    return {key: value for key, _, value in split}


def _refused(_ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value:
        text = message("cli.no-transport", terminal_locale(), option=param.opts[0])
        end(text, Exit.USAGE)


@click.group(
    "doctorflan-ls",
    cls=App,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Editors start the server with --stdio. Nothing leaves this machine. Plugins may add"
    " commands: `doctorflan-ls plugins list`.",
)
@click.option("--stdio", is_flag=True, help="Serve one editor on standard input and output.")
@click.option("--tcp", metavar="HOST:PORT", help="Serve any number of editors over TCP.")
@click.option("--ws", metavar="HOST:PORT", help="Serve any number of editors over WebSocket.")
@click.option(
    "--token",
    envvar="DOCTORFLAN_TOKEN",
    help="What WebSocket clients must show; made and printed where none is given.",
)
@click.option("--origin", metavar="URL", multiple=True, help="A web origin let in over WebSocket.")
@click.option("--clientProcessId", type=int, hidden=True, expose_value=False)
@click.option("--node-ipc", is_flag=True, hidden=True, expose_value=False, callback=_refused)
@click.option("--socket", hidden=True, expose_value=False, callback=_refused)
@click.option("--pipe", hidden=True, expose_value=False, callback=_refused)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of titles and messages.")
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_overrides,
    help="A setting for this run.",
)
@click.option("--no-plugins", is_flag=True, help="Load no plugins in this run.")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.version_option(__version__, message="doctorflan-ls %(version)s")
@click.pass_context
def app(
    ctx: click.Context,
    /,
    lang: Locale | None,
    overrides: dict[str, str],
    no_plugins: bool,  # noqa: ARG001  (read by ``_session``)
    debug: bool,
    **serving: Any,  # noqa: ANN401  (the options of ``serve``, which names their types)
) -> None:
    """DoctorFLAN's doctor-assistant tasks for clinical notes, in any editor and here."""
    overrides = dict(_session(ctx).overrides)
    transports = [name for name in ("stdio", "tcp", "ws") if serving[name]]
    if len(transports) > 1 or (transports and ctx.invoked_subcommand is not None):
        end(message("cli.one-transport", terminal_locale()), Exit.USAGE)
    if transports:
        from doctorflan_ls.cli.serve import serve  # noqa: PLC0415

        if lang is not None:
            overrides = {"language": lang, **overrides}
        ctx.exit(serve(**serving, overrides=overrides, lang=lang))
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return
    # A terminal that cannot show a character of the note shows a question mark.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if debug:
        logging.basicConfig()
    else:
        # A command ends in one line; where an internal error was is for --debug.
        logging.getLogger("doctorflan_ls").addHandler(logging.NullHandler())
