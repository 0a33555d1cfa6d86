"""``doctorflan-ls eval answer`` and ``eval merge``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from doctorflan_ls.cli.answering import model_options
from doctorflan_ls.cli.eval_files import categories, readable, resumable, say_problems
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.answering import (
    AnswerFile,
    Asking,
    How,
    answer,
    run_record,
    set_digest,
)
from doctorflan_ls.evaluation.rows import Problem, Row, key_of
from doctorflan_ls.evaluation.sets import load_set
from doctorflan_ls.evaluation.shards import Shard, merge, shard_of
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models import choice
from doctorflan_ls.models.base import Model, ModelOptions, Stop
from doctorflan_ls.models.catalogue import find, load_model

# A reference of the dataset has a few hundred characters, some have a thousand.
_MAX_TOKENS = 1024
_REMOTE_HANDS = 8


@click.command("answer")
@click.argument("path", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    help="Folder for NAME/MODEL.jsonl; by default data.",
)
@click.option("--name", help="What the set is called; by default the file's name.")
@click.option("--shard", metavar="I/N", help="Only part I of N, by ranges of ids.")
@click.option("--limit", type=click.IntRange(1), help="Only so many rows.")
@click.option(
    "--prompt",
    "asking",
    type=click.Choice(["raw", "task"]),
    default="raw",
    help="raw: the row's own words (default). task: the server's prompt for its task.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="By default the row's own.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help=f"Questions to a server at once; by default {_REMOTE_HANDS}. A model here takes one.",
)
@model_options
@click.pass_context
def answer_command(
    ctx: click.Context,
    /,
    path: Path,
    out: Path,
    asking: Asking,
    model: str | None,
    **given: Any,  # noqa: ANN401  (the options above)
) -> Exit:
    """Have a model answer every row of SET, DoctorFLAN or DotaBench (parquet or JSON Lines).

    What stands in the file of answers is not asked again: run the same command to go on. Exit code
    1: rows of SET could not be used. 4: the model did not answer some rows.
    """
    session = Session.of(ctx)
    if not model:
        raise BadRequest("eval.no-model")
    with readable(session):
        loaded = load_set(path, categories(session))
        say_problems(loaded.problems, session)
        how = _how(session, model, asking, given)
        shard = shard_of(given["shard"]) if given["shard"] else Shard()
        name = given["name"] or path.name.partition(".")[0]
        run = run_record(how, name, set_digest(loaded.rows), len(loaded.rows), shard)
        target = out / name / f"{how.spec.id.replace('/', '_')}{shard.suffix}.jsonl"
        file = AnswerFile(target, run)
        rows = shard.part(loaded.rows)[: given["limit"]]
        failed, left = _answer(rows, how, file, path.name, session)
    say(message("eval.answered", session.locale, file=target, count=len(rows) - failed - left))
    if failed or left:
        say(message("eval.unanswered", session.locale, failed=failed, left=left))
        return Exit.FAILED
    return Exit.FOUND if loaded.problems else Exit.OK


def _answer(
    rows: tuple[Row, ...], how: How, file: AnswerFile, name: str, session: Session
) -> tuple[int, int]:
    """How many rows failed, and how many were not come to."""
    waiting = [row for row in rows if key_of(row.id) not in file.done]
    failed = done = 0
    with (
        resumable(session, file.close),
        progress(message("eval.answering", session.locale, model=how.spec.id)) as shown,
    ):
        shown(len(rows) - len(waiting), len(rows))
        for outcome in answer(waiting, how, Stop(), file.keep):
            done += 1
            shown(len(rows) - len(waiting) + done, len(rows))
            if outcome.failure is not None:
                failed += 1
                fields = outcome.failure.fields
                problem = Problem(name, outcome.row.number, outcome.failure.key, fields)
                say(problem.text(session.locale))
    return failed, len(waiting) - done


def _how(session: Session, model: str, asking: Asking, given: dict[str, Any]) -> How:
    settings = session.settings
    options = choice.options(settings)
    spec = find(model, options, session.registry).listed.spec
    sampling = replace(choice.sampling(settings), max_tokens=given["max_tokens"] or _MAX_TOKENS)
    changes = {name: given[name] for name in ("temperature", "seed") if given[name] is not None}
    hands = given["concurrency"] or _REMOTE_HANDS
    if spec.kind != "openai" and hands > 1:
        if given["concurrency"]:
            say(message("eval.one-at-a-time", session.locale, model=spec.id))
        hands = 1
    plugins = session.plugins

    def load(name: str, allowed: ModelOptions) -> Model:
        return load_model(name, allowed, plugins.load)

    return How(
        spec=spec,
        load=load,
        tasks=session.registry.tasks,
        asking=asking,
        sampling=replace(sampling, **changes),
        options=options,
        language=given["language"],
        hands=hands,
    )


@click.command("merge")
@click.argument(
    "parts", metavar="PART...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def merge_command(ctx: click.Context, parts: tuple[Path, ...], out: Path) -> Exit:
    """Join the parts that `eval answer --shard` wrote, each row once, in the order of ids.

    Exit code 1: a part is missing, rows lack, or a row stands in two parts; all of it is said.
    """
    session = Session.of(ctx)
    with readable(session):
        merged = merge(parts, out)
    say_problems(merged.problems, session)
    locale: Locale = session.locale
    say(message("eval.merged", locale, file=out, count=merged.rows))
    if merged.missing:
        numbers = ", ".join(map(str, merged.missing))
        say(message("eval.parts-missing", locale, numbers=numbers))
    if merged.lacking:
        say(message("eval.rows-lacking", locale, count=merged.lacking))
    wrong = merged.problems or merged.missing or merged.lacking
    return Exit.FOUND if wrong else Exit.OK
