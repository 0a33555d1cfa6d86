"""``doctorflan-ls eval measure`` and ``eval report``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from doctorflan_ls.cli.console import HEADING, ID, QUIET, console, padded, print_json, width
from doctorflan_ls.cli.eval_files import beside, categories, origin, readable, say_problems
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.evaluation.appending import RUN, Appending
from doctorflan_ls.evaluation.measures import Measures, Totals, measure, side_lines, totals
from doctorflan_ls.evaluation.page import MEASURES, measure_cells, page
from doctorflan_ls.evaluation.report import PHASES, SetReport, Settings, report, to_json
from doctorflan_ls.evaluation.rows import key_of
from doctorflan_ls.evaluation.sets import load_answers
from doctorflan_ls.evaluation.statistics import Spread
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.tasks.model import Task


@click.command("measure")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="The totals as JSON.")
@click.pass_context
def measure_command(ctx: click.Context, path: Path, out: Path | None, as_json: bool) -> Exit:
    """Measure the answers of FILE without a judge, and write FILE's .measures.jsonl.

    Statements that the case does not support, parts of the task that are there, length, overlap
    with the reference (ROUGE-L on characters), time and speed. `eval report` takes what it writes.
    """
    session = Session.of(ctx)
    with readable(session):
        loaded = load_answers(path, categories(session))
        say_problems(loaded.problems, session)
        side = side_lines(path)
        tasks = session.registry.tasks
        measured: list[Measures] = []
        with progress(message("eval.measuring", session.locale)) as shown:
            for done, each in enumerate(loaded.answered, start=1):
                measured.append(measure(each, side.get(key_of(each.row.id)), tasks))
                shown(done, len(loaded.answered))
        target = out or beside(path, "measures")
        whose = origin(path)
        run = {"measures": True, "set": whose.set, "model": whose.model}
        _write(target, run, measured)
    found = totals(measured)
    if as_json:
        print_json({"set": whose.set, "model": whose.model, **asdict(found)})
    else:
        _print_measures([(whose.model, found)], session.locale)
        say(message("eval.measured", session.locale, file=target))
    return Exit.FOUND if loaded.problems else Exit.OK


def _write(target: Path, run: dict[str, object], measured: Sequence[Measures]) -> None:
    half = target.with_name(f".{target.name}.half")
    half.unlink(missing_ok=True)
    with Appending(half) as file:
        file.add_all([{RUN: run}, *(each.to_json() for each in measured)])
    half.replace(target)


@click.command("report")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page too.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--resamples", type=click.IntRange(100), default=10_000, show_default=True)
@click.pass_context
def report_command(  # noqa: PLR0913, PLR0917  (click's own signature)
    ctx: click.Context,
    files: tuple[Path, ...],
    as_json: bool,
    html: Path | None,
    seed: int,
    resamples: int,
) -> None:
    """What the FILEs of `eval judge` and `eval measure` come to, model beside model.

    For each task, phase and turn: the mean of the repeats' means ± their deviation. Overall: mean ±
    deviation of all scores. Two models: the interval of their difference, rows resampled.
    """
    session = Session.of(ctx)
    tasks = session.registry.tasks
    with readable(session):
        made = report(files, tasks, Settings(seed, resamples))
    if html is not None:
        html.write_text(page(made, tasks, session.locale), encoding="utf-8")
    if as_json:
        print_json(to_json(made))
        return
    for of in made.sets:
        _print_set(of, tasks, session.locale)
    if html is not None:
        say(message("eval.page-written", session.locale, file=html))


def _print_set(of: SetReport, tasks: Sequence[Task], locale: Locale) -> None:
    out = console()
    out.print(of.name, style=HEADING)
    titles = {task.id: task.title.in_(locale) for task in tasks}
    scores = of.scores
    models = [f"{each.model} ({each.judge})" for each in scores]
    if scores:
        rows = [(message("eval.column-overall", locale), [each.overall for each in scores])]
        names = dict.fromkeys(name for each in scores for name in each.tasks)
        rows += [(titles.get(n, n), [each.tasks.get(n) for each in scores]) for n in names]
        phases = [name for name in PHASES if any(name in each.phases for each in scores)]
        rows += [
            (message(f"eval.phase-{name}", locale), [each.phases.get(name) for each in scores])
            for name in phases
        ]
        turns = sorted({turn for each in scores for turn in each.turns})
        rows += [
            (message("eval.turn", locale, turn=n), [each.turns.get(n) for each in scores])
            for n in turns
        ]
        _print_table(["", *models], [[name, *map(_spread, spreads)] for name, spreads in rows])
        for each in scores:
            counts = {"rows": each.rows, "repeats": each.repeats, "unreadable": each.unreadable}
            out.print(message("eval.of-model", locale, model=each.model, **counts), style=QUIET)
    for pair in of.pairs:
        it = pair.interval
        fields: dict[str, object] = {"one": pair.one, "other": pair.other, "rows": it.rows}
        numbers = {"difference": f"{it.difference:+.3f}", "level": round(it.level * 100)}
        bounds = {"low": f"{it.low:+.3f}", "high": f"{it.high:+.3f}"}
        out.print(message("eval.pair", locale, **fields, **numbers, **bounds))
    if of.measures:
        _print_measures([(each.model, each.totals) for each in of.measures], locale)
    out.print()


def _print_measures(measured: Sequence[tuple[str, Totals]], locale: Locale) -> None:
    heads = [message(f"eval.column-{name}", locale) for name in ("model", *MEASURES)]
    _print_table(heads, [[model, *measure_cells(each)] for model, each in measured])


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    out = console()
    widths = [max(map(width, column)) + 2 for column in zip(heads, *rows, strict=True)]
    for number, row in enumerate([heads, *rows]):
        for at, (cell, columns) in enumerate(zip(row, widths, strict=True)):
            style = QUIET if not number else ID if not at else ""
            out.print(padded(cell, columns), style=style, end="")
        out.print()


def _spread(of: Spread | None) -> str:
    return "–" if of is None else f"{of.mean:.2f} ± {of.std:.2f}"
