"""The command line. Each command imports what it needs when it runs, so the server starts fast."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``doctorflan-ls``."""
    # As editors start the server: nothing of the command line is needed, and a sixth of the start
    # and of the idle memory would be its.
    if sys.argv[1:2] == ["--stdio"] and all(map(_names_client, sys.argv[2:])):
        sys.exit(_serve_editor())
    from doctorflan_ls.cli.app import app  # noqa: PLC0415  (keeps ``import doctorflan_ls.cli`` free)
    from doctorflan_ls.leaving import leave  # noqa: PLC0415

    try:
        app(prog_name="doctorflan-ls")
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise


def _names_client(argument: str) -> bool:
    """Whether ``argument`` is what vscode-languageclient adds; ``initialize`` says the same."""
    name, sign, number = argument.partition("=")
    return name == "--clientProcessId" and bool(sign) and number.isascii() and number.isdigit()


def _serve_editor() -> int:
    from doctorflan_ls.i18n import terminal_locale  # noqa: PLC0415
    from doctorflan_ls.server import ServerOptions, run_stdio  # noqa: PLC0415

    return run_stdio(ServerOptions(locale=terminal_locale()))
