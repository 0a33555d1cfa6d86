"""``doctorflan-ls cds``: run the service, or show what it offers."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from doctorflan_cds_hooks import wording
from doctorflan_ls.cli.exits import Exit, end, say
from doctorflan_ls.cli.session import Session

if TYPE_CHECKING:
    from doctorflan_cds_hooks.backend import Recorder
    from doctorflan_cds_hooks.guard import Access
    from doctorflan_cds_hooks.journal import Journal
    from doctorflan_ls.plugins import Plugins

_PACKAGE = "doctorflan-cds-hooks"
_LAST_PORT = 65535


@click.group("cds")
def group() -> None:
    """The engine as a CDS Hooks 2.0 service, for EHRs."""


@group.command("services")
@click.pass_context
def services(ctx: click.Context, /) -> None:
    """What an EHR finds at /cds-services, as JSON."""
    from doctorflan_cds_hooks.catalogue import discovery  # noqa: PLC0415

    found = discovery(Session.of(ctx).locale)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@group.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, _LAST_PORT), help="0: any."
)
@click.option(
    "--token",
    envvar="CDS_HOOKS_TOKEN",
    show_envvar=True,
    default="",
    help="What clients must show as a bearer token. The variable keeps it off the process list.",
)
@click.option("--allow-remote", is_flag=True, help="Let other machines in; needs a token.")
@click.option("--origin", multiple=True, metavar="URL", help="A web origin let in (CORS).")
@click.option(
    "--journal",
    envvar="CDS_HOOKS_JOURNAL",
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that events are appended to; by default in your data folder.",
)
@click.option(
    "--deadline",
    default=6.0,
    show_default=True,
    type=click.FloatRange(0.5, 8.0),
    help="Seconds for the drafts of one call.",
)
@click.pass_context
def serve(  # noqa: PLR0913  (each is an option)
    ctx: click.Context,
    /,
    *,
    host: str,
    port: int,
    token: str,
    allow_remote: bool,
    origin: tuple[str, ...],
    journal: Path | None,
    deadline: float,
) -> None:
    """Serve until interrupted. Reachable from this machine alone unless you say otherwise."""
    from doctorflan_cds_hooks.app import application  # noqa: PLC0415  (with the whole web server)
    from doctorflan_cds_hooks.backend import Backend  # noqa: PLC0415
    from doctorflan_cds_hooks.journal import Journal, journal_path  # noqa: PLC0415
    from doctorflan_cds_hooks.serving import server, url_of, warm  # noqa: PLC0415

    session = Session.of(ctx)
    access = _access(session, host, token, origin, allow_remote=allow_remote)
    kept = _checked(session, Journal(journal_path() if journal is None else journal))
    listener = _listening(session, host, port)
    backend = Backend(
        session.settings,
        session.plugins,
        recorder(kept, session.plugins),
        session.locale,
        deadline,
    )
    warm(backend)
    if not access.local:
        say(wording.say("no-tls", session.locale))
    url = url_of(listener)
    say(wording.say("serving", session.locale, url=url, journal=kept.path))
    try:
        server(application(backend, access)).run(sockets=[listener])
    finally:
        backend.close()


def recorder(journal: Journal, plugins: Plugins) -> Recorder:
    """Writes an event into ``journal``, then tells the other plugins that want to know."""
    from doctorflan_ls.audit import Event  # noqa: PLC0415
    from doctorflan_ls.errors import PluginFailed  # noqa: PLC0415

    def record(event: Event) -> None:
        journal.append(event)
        for plugin in plugins.implementing("record_event"):
            if plugin.contribution.package != _PACKAGE:
                told = partial(plugin.hooks["record_event"], event=event)
                try:
                    plugin.caller.call("record_event", told)
                except PluginFailed:
                    # Counted, and shown by `doctorflan-ls plugins list`.
                    continue

    return record


def _access(
    session: Session, host: str, token: str, origins: Sequence[str], *, allow_remote: bool
) -> Access:
    from doctorflan_cds_hooks.guard import Access  # noqa: PLC0415
    from doctorflan_cds_hooks.serving import is_loopback, is_origin, is_token  # noqa: PLC0415

    local = is_loopback(host)
    if not local and not allow_remote:
        _end(session, "not-loopback", Exit.USAGE, host=host)
    if not local and not token:
        _end(session, "token-needed", Exit.USAGE)
    if token and not is_token(token):
        _end(session, "token-form", Exit.USAGE)
    if not all(is_origin(each) for each in origins):
        _end(session, "origin-form", Exit.USAGE)
    return Access(token, tuple(origins), local)


def _checked(session: Session, journal: Journal) -> Journal:
    try:
        journal.check()
    except OSError as error:
        _end(session, "no-journal", Exit.FAILED, path=journal.path, reason=error.strerror)
    return journal


def _listening(session: Session, host: str, port: int) -> socket.socket:
    from doctorflan_cds_hooks.serving import bound  # noqa: PLC0415

    try:
        return bound(host, port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        _end(session, "no-address", Exit.FAILED, host=host, port=port, reason=reason)


def _end(session: Session, key: str, code: Exit, **fields: object) -> NoReturn:
    end(wording.say(key, session.locale, **fields), code)
