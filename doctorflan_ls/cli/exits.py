"""Exit codes, and the one line that a command ends with where something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

import click

from doctorflan_ls.errors import BadRequest, BadSetting, DoctorFlanError
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.incidents import report


class Exit(IntEnum):
    """What the exit code says (README, "Exit codes")."""

    OK = 0
    FOUND = 1
    USAGE = 2
    BAD_FILE = 3
    FAILED = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


def say(text: str) -> None:
    """One line on standard error."""
    click.echo(f"doctorflan-ls: {printable(text)}", err=True)


def end(text: str, code: Exit) -> NoReturn:
    """Say ``text`` and end the command with ``code``."""
    say(text)
    raise click.exceptions.Exit(code)


def end_misused(error: click.UsageError, locale: Locale) -> NoReturn:
    """End with a usage error of click's."""
    command = error.ctx.command_path if error.ctx else "doctorflan-ls"
    problem = error.format_message().rstrip(".")
    end(message("cli.usage", locale, problem=problem, command=command), Exit.USAGE)


def end_unknown_command(name: str, known: Sequence[str], locale: Locale) -> NoReturn:
    """End where there is no command of that name."""
    from difflib import get_close_matches  # noqa: PLC0415  (only a mistake needs it)

    nearest = ", ".join(get_close_matches(name, known, n=3) or known)
    end(message("cli.unknown-command", locale, name=name, nearest=nearest), Exit.USAGE)


def end_failed(error: DoctorFlanError, locale: Locale) -> NoReturn:
    """End with an error that carries its own message."""
    end(error.user_message(locale), _code(error))


def end_broken(error: Exception, locale: Locale) -> NoReturn:
    """End with an error nobody foresaw; its own words are left out, they may quote the note."""
    fields = {"kind": type(error).__name__, "reference": report(error)}
    end(message("cli.internal", locale, **fields), Exit.FAILED)


def _code(error: DoctorFlanError) -> Exit:
    from doctorflan_ls.notefile import BadNoteFile  # noqa: PLC0415  (the server never needs it)

    if isinstance(error, BadNoteFile):
        return Exit.BAD_FILE
    if isinstance(error, BadRequest | BadSetting):
        return Exit.USAGE
    return Exit.FAILED


def printable(text: str) -> str:
    """``text`` without line breaks and control characters: a file's name may hold any."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
