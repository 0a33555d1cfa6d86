"""What the commands of ``eval`` share: files by name, problems said once, exit codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from doctorflan_ls.cli.exits import Exit, end, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.evaluation.appending import run_of
from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import BadSet, Problem
from doctorflan_ls.evaluation.sets import Categories
from doctorflan_ls.evaluation.shards import meta_path
from doctorflan_ls.i18n import message


class Origin(NamedTuple):
    """Whose answers a file has, and to which set."""

    set: str
    model: str


@contextmanager
def readable(session: Session) -> Iterator[None]:
    """Within the block a file that cannot be read or written ends the command."""
    try:
        yield
    except BadSet as error:
        end(error.user_message(session.locale), Exit.BAD_FILE)


def categories(session: Session) -> Categories:
    """What categories stand for, by the settings and the tasks there are."""
    return Categories(session.settings.tasks.categories, session.registry.tasks)


def say_problems(problems: Iterable[Problem], session: Session) -> None:
    """Each once."""
    for problem in problems:
        say(problem.text(session.locale))


def origin(answers: Path) -> Origin:
    """As the side file says, else by the published form ``SET/MODEL.jsonl``."""
    run: Object = run_of(meta_path(answers)) or {}
    stem = answers.name.removesuffix(".jsonl")
    return Origin(
        str(run.get("set") or answers.absolute().parent.name), str(run.get("model") or stem)
    )


def beside(answers: Path, kind: str) -> Path:
    """The file of ``kind`` that belongs to a file of answers."""
    return answers.with_name(f"{answers.name.removesuffix('.jsonl')}.{kind}.jsonl")


@contextmanager
def resumable(session: Session, close: Callable[[], None]) -> Iterator[None]:
    """Within the block Ctrl-C is answered with how to go on; ``close`` is called at its end."""
    try:
        yield
    except KeyboardInterrupt:
        say(message("eval.interrupted", session.locale))
        raise
    finally:
        close()


__all__ = ["Origin", "beside", "categories", "origin", "readable", "resumable", "say_problems"]
