"""``doctorflan-ls demo``: a draft for an example note, or an editor in the browser."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import click

from doctorflan_ls.cli.answering import answering, make_drafts, model_options
from doctorflan_ls.cli.auditing import no_audit
from doctorflan_ls.cli.console import ID, QUIET, console, padded
from doctorflan_ls.cli.demo_web import web_options
from doctorflan_ls.cli.drafting import Shown
from doctorflan_ls.cli.examples import examples
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task

_FIRST = {"zh": "zh-chest-pain", "en": "en-copd"}


@click.command("demo")
@click.option("--task", default="case-summary", show_default=True, help="The task to ask for.")
@click.option("--example", metavar="NAME", help="The example note; its language by default yours.")
@click.option("--list", "listed", is_flag=True, help="List the example notes.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Language of the draft.")
@model_options
@web_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    task: str,
    example: str | None,
    listed: bool,
    language: Locale | None,
    **chosen: Any,  # noqa: ANN401  (the options of ``model_options``, which names their types)
) -> None:
    """A draft for an example note, with its evidence and its gaps. The notes are invented.

    With --web, an editor in the browser: `doctorflan-ls demo --web`.
    """
    session = Session.of(ctx)
    out = console()
    if listed:
        for name, text in examples().items():
            out.print(padded(name, 18), style=ID, end="")
            out.print(next(line for line in text.splitlines() if line.strip()), style=QUIET)
        return
    asked = get_task(task, session.registry.tasks)
    opened = _opened(example or _FIRST[session.locale])
    shown = Shown(out, opened, session.locale)
    # Invented notes have no place in the trail.
    how = replace(answering(session, **chosen), audit=no_audit())
    spoken = language or opened.note.language
    for draft in make_drafts(opened, (asked,), spoken, how, lambda each: shown.grow(each, asked)):
        shown.end(draft, asked)


def _opened(name: str) -> Opened:
    known = examples()
    if name not in known:
        nearest = ", ".join(get_close_matches(name, known, n=1) or known)
        raise BadRequest("cli.unknown-example", name=name, nearest=nearest)
    return Opened(f"{name}.txt", parse_note(known[name]))
