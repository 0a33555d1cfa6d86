"""The command line. Each command imports what it needs when it runs, so the server starts fast."""

from __future__ import annotations


def main() -> None:
    """Entry point of ``doctorflan-ls``."""
    from doctorflan_ls.cli.app import app  # noqa: PLC0415  (keeps ``import doctorflan_ls.cli`` free)
    from doctorflan_ls.leaving import leave  # noqa: PLC0415

    try:
        app(prog_name="doctorflan-ls")
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
