"""``doctorflan-ls check``: the findings of notes and folders of notes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from doctorflan_ls.cli.check_merge import merged
from doctorflan_ls.cli.check_reports import FORMATS, Report, Summary, write
from doctorflan_ls.cli.checking import Checked, Wanted, check_all
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.note_files import note_files
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.evaluation.shards import Shard, shard_of
from doctorflan_ls.features.diagnostics import SEVERITIES, UNREVIEWED
from doctorflan_ls.i18n import message


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the report."
)
@click.option("--output", type=click.Path(dir_okay=False), help="File for the report.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="error",
    help="Exit code 1 from this severity on (default: error).",
)
@click.option(
    "--no-drafts",
    is_flag=True,
    help="Only look for drafts that nobody reviewed; exit code 1 for one.",
)
@click.option("--score", is_flag=True, help="What each note comes to by the point table, too.")
@click.option("--shard", metavar="I/N", help="Only part I of N of the files, for several machines.")
@click.option("--merge", is_flag=True, help="The paths are JSON reports of parts, to be made one.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes (default: one for each core).")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917  (click's own signature)
    ctx: click.Context,
    paths: tuple[str, ...],
    form: str,
    output: str | None,
    fail_on: str,
    no_drafts: bool,
    score: bool,
    shard: str | None,
    merge: bool,
    jobs: int | None,
) -> Exit:
    """What the record rules say of the notes at PATH (folders to any depth, - is standard input).

    Exit code 0: nothing at or above --fail-on. 1: something is. 3: a note could not be read.
    """
    session = Session.of(ctx)
    summary = Summary()
    if merge:
        checked = merged([Path(path) for path in paths], summary)
    else:
        files = _part(note_files(paths), shard)
        checked = _watched(_checked(files, session, jobs), files, session)
    rows = summary.counting(_drafts_only(checked) if no_drafts else checked)
    write(rows, summary, Report(form, session.locale, output, with_score=score))
    if summary.unreadable:
        return Exit.BAD_FILE
    failing = summary.drafts > 0 if no_drafts else _fails(summary, fail_on)
    return Exit.FOUND if failing else Exit.OK


def _part(files: list[str], shard: str | None) -> list[str]:
    """The part ``shard`` of ``files``: ranges whose sizes differ by one at the most."""
    part = Shard() if shard is None else shard_of(shard)
    start = (part.number - 1) * len(files) // part.of
    return files[start : part.number * len(files) // part.of]


def _checked(files: Sequence[str], session: Session, jobs: int | None) -> Iterator[Checked]:
    # What is wrong with plugins, rules and tables is said once, by this process.
    for _ in (session.plugins, session.check_options, session.score_tables):
        pass
    return check_all(files, Wanted(session.settings, session.locale), jobs or _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _watched(
    checked: Iterable[Checked], files: Sequence[str], session: Session
) -> Iterator[Checked]:
    """Each note under a progress bar; one that cannot be read is said at once."""
    with progress(message("cli.checking", session.locale)) as shown:
        for done, each in enumerate(checked, start=1):
            shown(done, len(files))
            if each.problem:
                say(each.problem)
            yield each


def _drafts_only(checked: Iterable[Checked]) -> Iterator[Checked]:
    from dataclasses import replace  # noqa: PLC0415

    for each in checked:
        kept = tuple(row for row in each.findings if row["rule"] == UNREVIEWED)
        yield replace(each, findings=kept)


def _fails(summary: Summary, fail_on: str) -> bool:
    if fail_on == "never":
        return False
    grave = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(summary.severities[each] for each in grave)
