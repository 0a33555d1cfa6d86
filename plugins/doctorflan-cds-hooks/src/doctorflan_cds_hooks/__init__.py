"""CDS Hooks 2.0 for the DoctorFLAN language server, and a journal; README.md says what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

    from doctorflan_ls.audit import Event

DOCTORFLAN_API = 1


@hookimpl
def register_commands(cli: click.Group) -> None:
    """``doctorflan-ls cds serve`` and ``doctorflan-ls cds services``."""
    from doctorflan_cds_hooks.command import group  # noqa: PLC0415

    cli.add_command(group)


@hookimpl
def record_event(event: Event) -> None:
    """One line of the journal; raises OSError where it cannot be written."""
    from doctorflan_cds_hooks.journal import Journal, journal_path  # noqa: PLC0415

    Journal(journal_path()).append(event)
