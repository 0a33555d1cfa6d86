"""``doctorflan-ls tune``: from rows of the dataset to a model folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.export_command import both, say_made, shown_steps, sound_id
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import message

if TYPE_CHECKING:
    from doctorflan_ls.export import Quantisation
    from doctorflan_ls.tuning.config import TuneConfig
    from doctorflan_ls.tuning.prepared import Prepared
    from doctorflan_ls.tuning.record import Record
    from doctorflan_ls.tuning.training import Estimate

_MOST_NAMED = 20


@click.group("tune")
def command() -> None:
    """Tune a model on rows of DoctorFLAN's form, and make a model folder of the result.

    `tune new FILE` begins a file that describes a run; docs/tuning.md goes on from there.
    """


@command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def new_command(ctx: click.Context, file: Path) -> None:
    """Write FILE, which describes a run, with every key and what it means."""
    from doctorflan_ls.tuning.example import example  # noqa: PLC0415

    session = Session.of(ctx)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(example())
    except FileExistsError:
        raise BadRequest("tune.file-exists", file=file) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadRequest("export.not-written", out=file, reason=reason) from None
    click.echo(message("tune.new", session.locale, file=file))


@command.command("run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only look: rows, tokens, memory, hours.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint of the same run.")
@click.pass_context
def run_command(ctx: click.Context, file: Path, dry_run: bool, resume: bool) -> Exit:
    """Run what FILE describes, and keep it in the folder that it names.

    Ctrl-C, a crash or a power cut costs the steps since the last checkpoint: run it again with
    --resume. On several GPUs: `accelerate launch -m doctorflan_ls tune run FILE`.
    """
    from doctorflan_ls.tuning import check_packages  # noqa: PLC0415

    session = Session.of(ctx)
    config = _config(file, session)
    if config is None:
        return Exit.USAGE
    check_packages()
    from doctorflan_ls.tuning.prepared import is_first_process  # noqa: PLC0415
    from doctorflan_ls.tuning.training import estimate, train  # noqa: PLC0415

    with _first_speaks(speaks=is_first_process()):
        prepared = _prepared(config, session)
        if prepared is None:
            return Exit.BAD_FILE
        if dry_run:
            with progress(message("tune.measuring", session.locale)) as told:
                _say_estimate(prepared, estimate(prepared, told), session)
            return Exit.OK
        with progress(message("tune.training", session.locale)) as told:
            record = train(prepared, told, resume=resume)
        _say_done(record, session)
    return Exit.OK


def _config(file: Path, session: Session) -> TuneConfig | None:
    """The run that the file describes, after every problem of it was said."""
    from doctorflan_ls.tuning.config import read_config  # noqa: PLC0415

    config, problems = read_config(file)
    for problem in problems:
        say(problem.user_message(session.locale))
    return config


@contextmanager
def _first_speaks(*, speaks: bool) -> Iterator[None]:
    """Of several processes that do the same only one says so."""
    if speaks:
        yield
        return
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        yield


def _prepared(config: TuneConfig, session: Session) -> Prepared | None:
    """All that is needed, after what is wrong with the rows was said; None where it is too much."""
    from doctorflan_ls.tuning.prepared import prepare  # noqa: PLC0415
    from doctorflan_ls.tuning.rows import read_rows  # noqa: PLC0415

    names = session.settings.tasks.categories
    rows = read_rows([config.path(each) for each in config.data.files], config.data, names)
    for problem in (*rows.unknown[:_MOST_NAMED], *rows.problems[:_MOST_NAMED]):
        say(problem.text(session.locale))
    if rows.unknown:
        say(message("tune.unknown-categories", session.locale, count=len(rows.unknown)))
    if rows.problems and config.data.bad_rows == "refuse":
        say(message("tune.bad-rows", session.locale, count=len(rows.problems)))
        return None
    prepared = prepare(config, names, ready=rows)
    _say_rows(prepared, session)
    return prepared


def _say_rows(prepared: Prepared, session: Session) -> None:
    learn, measure = prepared.sides.encoded_learn, prepared.sides.encoded_measure
    click.echo(
        message(
            "tune.rows",
            session.locale,
            rows=len(learn.rows),
            tokens=learn.tokens,
            answers=learn.learnt,
            sequences=len(prepared.learn),
            measured=len(measure.rows),
            steps=prepared.steps,
        )
    )
    left = learn.too_long + measure.too_long
    if left or prepared.rows.leaked or prepared.rows.problems:
        longest = max(learn.longest, measure.longest)
        fields = {"long": left, "longest": longest, "leaked": prepared.rows.leaked}
        faulty = len(prepared.rows.problems)
        click.echo(message("tune.left-out", session.locale, faulty=faulty, **fields))


def _say_estimate(prepared: Prepared, found: Estimate, session: Session) -> None:
    click.echo(
        message(
            "tune.estimate",
            session.locale,
            parameters=f"{found.parameters / 1e6:.1f}",
            trainable=f"{found.trainable / 1e6:.2f}",
            device=found.device,
            precision=prepared.precision,
            seconds=f"{found.seconds_per_step:.2f}",
            speed=f"{prepared.tokens_per_step / found.seconds_per_step:.0f}",
            memory=found.memory_mib,
            hours=f"{found.hours(prepared):.2f}",
        )
    )


def _say_done(record: Record, session: Session) -> None:
    table = record.table
    curve, measured = table["curve"], table["validation"]
    click.echo(
        message(
            "tune.done",
            session.locale,
            folder=record.folder,
            first=f"{curve[0]['loss']:.3f}" if curve else "-",
            last=f"{curve[-1]['loss']:.3f}" if curve else "-",
            measured=f"{min(each['loss'] for each in measured):.3f}" if measured else "-",
            kept=table["kept_step"],
        )
    )
    click.echo(message("tune.export-next", session.locale, folder=record.folder))


@command.command("apart")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.pass_context
def apart_command(ctx: click.Context, file: Path, out: Path) -> Exit:
    """Write the rows that FILE's run keeps apart to OUT, as a set for `eval answer`.

    They hold the dataset's text: keep OUT where the dataset may be.
    """
    session = Session.of(ctx)
    config = _config(file, session)
    if config is None:
        return Exit.USAGE
    from doctorflan_ls.tuning.rows import read_rows, split, write_rows  # noqa: PLC0415

    names = session.settings.tasks.categories
    rows = read_rows([config.path(each) for each in config.data.files], config.data, names)
    apart = split(rows.rows, config.data.validation)[1]
    try:
        write_rows(apart, out)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadRequest("export.not-written", out=out, reason=reason) from None
    click.echo(message("tune.apart", session.locale, count=len(apart), out=out))
    return Exit.OK


@command.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--id", "model_id", metavar="ID", help="Its id; by default OUT's name.")
@click.option("--version", "model_version", default="1", help="Its version; by default 1.")
@click.option("--base", type=click.Path(path_type=Path), help="Where the base lies now.")
@click.option("--int8", "quantisation", flag_value="int8", default="int8", help="The default.")
@click.option("--int4", "quantisation", flag_value="int4", help="Smaller, faster and less exact.")
@click.option("--fp32", "quantisation", flag_value="fp32", help="Exact, and four times as large.")
@click.option("--replace", is_flag=True, help="Replace OUT where it exists.")
@click.pass_context
def export_command(  # noqa: PLR0913  (one for each option)
    ctx: click.Context,
    /,
    run: Path,
    out: Path,
    *,
    model_id: str | None,
    model_version: str,
    base: Path | None,
    quantisation: Quantisation,
    replace: bool,
) -> None:
    """Make an ONNX model folder of the finished run in the folder RUN.

    What was learnt is merged into the base, exported, quantised and held against its source; one
    draft is made with it as the server makes it. `models add OUT` does the rest.
    """
    from doctorflan_ls.tuning import check_packages  # noqa: PLC0415

    check_packages()
    from doctorflan_ls.tuning.record import place_of_base, read_record  # noqa: PLC0415
    from doctorflan_ls.tuning.result import Wanted, export_run  # noqa: PLC0415

    session = Session.of(ctx)
    name = read_record(run).table["base"]["name"]
    wanted = Wanted(
        sound_id(model_id, out),
        model_version,
        both("tune.description", name=name),
        both("tune.limits"),
        quantisation,
        replace,
    )
    with progress(message("export.working", session.locale)) as told:
        manifest = export_run(run, base or place_of_base(run), out, wanted, shown_steps(told))
    say_made(manifest, out, session)
