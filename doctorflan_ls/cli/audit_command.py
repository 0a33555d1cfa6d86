"""``doctorflan-ls audit``: what was recorded, whether it is as it was written, and its export."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar, get_args

import click

from doctorflan_ls.audit import EventKind
from doctorflan_ls.audit.places import heads_path, trail_path
from doctorflan_ls.audit.reading import Wanted, rows
from doctorflan_ls.audit.rows import Row, stamp
from doctorflan_ls.audit.verify import set_back
from doctorflan_ls.audit.verify import verify as verified
from doctorflan_ls.cli.console import ID, QUIET, console, padded, print_json
from doctorflan_ls.cli.exits import Exit, end, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import message

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("audit")
def command() -> None:
    """What was recorded: who had which draft made, accepted, changed or discarded, and when.

    The trail holds identifiers, digests and counts, never text. The settings are audit.enabled,
    audit.path and audit.user.
    """


def _which(default_limit: int) -> Callable[[_Command], _Command]:
    def decorate(decorated: _Command) -> _Command:
        for option in (
            click.option(
                "--limit",
                type=click.IntRange(0),
                default=default_limit,
                show_default=True,
                help="The last so many of them; 0 is all.",
            ),
            click.option("--kind", type=click.Choice(get_args(EventKind)), help="Of this kind."),
            click.option("--since", metavar="TIME", help="Not before TIME; UTC without a zone."),
        ):
            decorated = option(decorated)
        return decorated

    return decorate


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON (schemas/audit.schema.json).")
@_which(100)
@click.pass_context
def list_(
    ctx: click.Context, as_json: bool, since: str | None, kind: str | None, limit: int
) -> None:
    """The events, the oldest first; without --limit the last hundred."""
    session = Session.of(ctx)
    found = rows(_path(session), Wanted(_since(since, session), kind or "", limit))
    if as_json:
        print_json([row.to_json() for row in found])
        return
    out = console()
    for row in found:
        named = row.to_json()["identifiers"]
        assert isinstance(named, dict)  # noqa: S101
        about = named.get("task") or named.get("rule") or ""
        out.print(padded(str(row.seq), 7), style=QUIET, end="")
        out.print(f"{row.at[:19]}Z  ", style=QUIET, end="")
        out.print(padded(f"{row.kind} {row.outcome}", 21), end=" ")
        out.print(padded(f"{about}", 26), style=ID, end=" ")
        rest = (named.get("model"), named.get("reason"), row.user)
        out.print("  ".join(each for each in rest if each), style=QUIET)


@command.command("verify")
@click.option("--head", metavar="HASH", default="", help="A hash noted earlier: it is to be there.")
@click.pass_context
def verify(ctx: click.Context, head: str) -> Exit:
    """Whether every row is as it was written; the last hash, to be noted elsewhere.

    Exit code 1 where it is not, with the first wrong row. Only a hash that was noted on another
    machine shows that the whole trail was made anew, or shortened together with its file of heads.
    """
    session = Session.of(ctx)
    path = _path(session)
    found = verified(path, head.strip().lower())
    if found.fault is None:
        text = message(
            "audit.verified", session.locale, path=path, count=found.total, head=found.head
        )
        console().print(text)
        back = set_back(path)
        if back.total:
            said = {"path": path, "count": back.total, "seq": back.seq}
            console().print(message("audit.set-back", session.locale, **said))
        return Exit.OK
    fields = {"path": path, "seq": found.seq, "heads": heads_path(path).name}
    say(message(f"audit.fault-{found.fault}", session.locale, **fields))
    return Exit.FOUND


@command.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "fhir"]),
    required=True,
    help="One JSON line a row, or a FHIR R4 Bundle of AuditEvent and Provenance.",
)
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@_which(0)
@click.pass_context
def export(  # noqa: PLR0913  (one for each option)
    ctx: click.Context,
    /,
    *,
    form: str,
    output: Path | None,
    since: str | None,
    kind: str | None,
    limit: int,
) -> None:
    """The events for another system, on standard output or in a new FILE.

    FHIR needs the extra `fhir`: pip install 'doctorflan-ls[fhir]'.
    """
    session = Session.of(ctx)
    found = rows(_path(session), Wanted(_since(since, session), kind or "", limit))
    made = _lines(found) if form == "jsonl" else _bundle(found)
    try:
        with _out(output) as file:
            for line in made:
                file.write(line + "\n")
    except (FileExistsError, PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise DoctorFlanError("audit.no-output", path=output, reason=error.strerror) from None


def _lines(found: Iterable[Row]) -> Iterator[str]:
    for row in found:
        yield json.dumps(row.to_json(), separators=(",", ":"))


def _bundle(found: Iterable[Row]) -> Iterator[str]:
    from doctorflan_ls.audit.fhir import bundle  # noqa: PLC0415  (an extra)

    # Made before the file is: where the extra is missing there is none.
    return iter([bundle(found)])


@contextmanager
def _out(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    # Never over a file that is there: it may be the only other copy.
    with output.open("x", encoding="utf-8") as file:
        yield file


def _path(session: Session) -> Path:
    return trail_path(session.settings.audit.path)


def _since(text: str | None, session: Session) -> str:
    if text is None:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        end(message("audit.bad-time", session.locale), Exit.USAGE)
    return stamp((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
