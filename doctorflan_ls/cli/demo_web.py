"""The demo in a browser: the page's files, the example notes, and who opens it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path

import click

import doctorflan_ls
from doctorflan_ls.cli.examples import examples
from doctorflan_ls.cli.exits import Exit, end, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import message
from doctorflan_ls.notes.note import parse_note

_PAGE = Path(doctorflan_ls.__file__).parent / "web"
_TOKEN = "DOCTORFLAN_TOKEN"  # noqa: S105  # the name of a variable


def web_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--web`` and what goes with it; with it, the page is served in the command's place."""

    @click.option("--web", is_flag=True, help="An editor with the example notes, in the browser.")
    @click.option(
        "--port", type=click.IntRange(0, 65535), help="With --web: the port; a free one without."
    )
    @click.option("--no-browser", is_flag=True, help="With --web: print the page's address alone.")
    @wraps(command)
    def run(*, web: bool, port: int | None, no_browser: bool, **rest: object) -> None:
        ctx = click.get_current_context()
        session = Session.of(ctx)
        if web:
            ctx.exit(serve_page(session, port or 0, browser=not no_browser))
        for option, given in (("--port", port is not None), ("--no-browser", no_browser)):
            if given:
                end(message("web.needs-web", session.locale, option=option), Exit.USAGE)
        command(**rest)

    return run


def serve_page(
    session: Session,
    port: int,
    *,
    browser: bool,
    folder: Path = _PAGE,
) -> int:
    """Serve the page in ``folder`` with the example notes; the exit code."""
    from doctorflan_ls import server  # noqa: PLC0415  (the other commands need no server)
    from doctorflan_ls.server.web import Site  # noqa: PLC0415

    site = Site(folder, {"/examples.json": _listed(examples())}, os.environ.get(_TOKEN, ""))
    overrides = dict(session.overrides)
    if session.language is not None:
        overrides = {"language": session.language, **overrides}

    def ready(address: str) -> None:
        say(message("web.address", session.locale))
        click.echo(address)
        sys.stdout.flush()
        if browser and _has_screen():
            server.open_page(address)

    return server.run_web(
        site, port, ready, server.ServerOptions(overrides=overrides, locale=session.locale)
    )


def _listed(texts: Mapping[str, str]) -> bytes:
    rows = [
        {"name": name, "language": parse_note(text).language, "text": text}
        for name, text in texts.items()
    ]
    return json.dumps(rows, ensure_ascii=False).encode()


def _has_screen() -> bool:
    """False where only a browser of the terminal could open, which would take the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
