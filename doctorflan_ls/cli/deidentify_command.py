"""``doctorflan-ls deidentify``: notes without what says who somebody is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from doctorflan_ls import privacy
from doctorflan_ls.cli.console import harmless, print_json
from doctorflan_ls.cli.deidentify_files import Job, check_targets, jobs_of, say_progress, write
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import message
from doctorflan_ls.identifiers import kinds
from doctorflan_ls.notefile import BadNoteFile, read_note


@click.command("deidentify")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--json", "as_json", is_flag=True, help="What was found (schemas/deidentify.schema.json)."
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write masked copies to this folder."
)
@click.option(
    "--profile", default="full", metavar="NAME", help="full, safe-harbor, patient or network."
)
@click.option("--keep", metavar="KIND,...", default="", help="Kinds to leave, e.g. date,hospital.")
@click.option("--consistent", is_flag=True, help="The same placeholder in every file.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917  (click names its parameters)
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    as_json: bool,
    output: Path | None,
    profile: str,
    keep: str,
    consistent: bool,
) -> Exit:
    """Mask names, numbers, addresses, dates and what else says who somebody is.

    PATH is a note, a folder of notes, or - for standard input. One note's masked text goes to
    standard output; several need --output. No source is changed. Read the result: not every
    identifier is found (docs/privacy.md).
    """
    session = Session.of(ctx)
    by = _policy(profile, keep)
    jobs, several = jobs_of(paths)
    if (len(jobs) > 1 or several) and output is None and not as_json:
        raise BadRequest("deidentify.needs-output")
    if output is not None:
        check_targets(jobs, output)
    read, failed = _read(jobs, session)
    texts = [text for _, text in read]
    if as_json:
        _show(read, by, several=several)
    masked = _masked(texts, by, consistent=consistent) if output is not None or not as_json else []
    for at, ((job, _), text) in enumerate(zip(read, masked, strict=bool(masked))):
        if output is None:
            _print(text)
        else:
            write(job, output, text)
            say_progress(at + 1, len(read))
    return Exit.BAD_FILE if failed else Exit.OK


def _policy(profile: str, keep: str) -> privacy.Policy:
    known = kinds()
    kept = [each.strip() for each in keep.split(",") if each.strip()]
    for kind in kept:
        if kind not in known:
            raise BadRequest("deidentify.unknown-kind", name=kind, known=", ".join(known))
    if profile not in privacy.profiles():
        known = privacy.profiles()
        raise BadRequest("deidentify.unknown-profile", name=profile, known=", ".join(known))
    return privacy.policy(profile, kept)


def _read(jobs: Sequence[Job], session: Session) -> tuple[list[tuple[Job, str]], bool]:
    """The texts of the files that are notes; says which are not.

    Raises BadNoteFile where there is but one file.
    """
    read: list[tuple[Job, str]] = []
    for job in jobs:
        try:
            note = read_note(job.source)
        except BadNoteFile as error:
            if len(jobs) == 1:
                raise
            say(error.user_message(session.locale))
            continue
        if note.encoding != "utf-8":
            say(message("cli.read-as", session.locale, name=note.name, encoding=note.encoding))
        read.append((job, note.text))
    return read, len(read) < len(jobs)


def _masked(texts: Sequence[str], by: privacy.Policy, *, consistent: bool) -> list[str]:
    if consistent:
        return list(privacy.mask(texts, by).texts)
    return [privacy.mask([text], by).texts[0] for text in texts]


def _show(read: Sequence[tuple[Job, str]], by: privacy.Policy, *, several: bool) -> None:
    found = [
        [
            {
                "type": each.kind,
                "value": text[each.start : each.end],
                "span": [each.start, each.end],
            }
            for each in privacy.located([text], by)[0]
        ]
        for _, text in read
    ]
    if not several:
        print_json({"identifiers": found[0]})
        return
    named = zip(read, found, strict=True)
    print_json({"files": [{"path": job.source, "identifiers": each} for (job, _), each in named]})


def _print(text: str) -> None:
    """As bytes: a terminal's encoding or line ends may not be the note's.

    What a terminal would obey is not sent to one; a file or another program gets the whole text.
    """
    if sys.stdout.isatty():
        text = harmless(text)
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    if not text.endswith("\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
