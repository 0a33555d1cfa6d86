"""``doctorflan-ls eval judge``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from doctorflan_ls.cli.eval_files import (
    beside,
    categories,
    origin,
    readable,
    resumable,
    say_problems,
)
from doctorflan_ls.cli.exits import Exit, say
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.judge_client import FATAL, Judge, Judging, judge_at
from doctorflan_ls.evaluation.judge_prompts import JudgePrompts, judge_prompts
from doctorflan_ls.evaluation.judgements import Judgement, JudgementFile
from doctorflan_ls.evaluation.judging import (
    Cost,
    Question,
    estimated,
    judge_all,
    questions,
    spent,
)
from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import Problem
from doctorflan_ls.evaluation.sets import load_answers
from doctorflan_ls.i18n import message
from doctorflan_ls.models.base import Stop


@dataclass(slots=True)
class _Tally:
    """What came of the questions so far."""

    judged: list[tuple[Question, Judgement]] = field(default_factory=list)
    failed: int = 0

    @property
    def unreadable(self) -> int:
        return sum(judgement.score is None for _, judgement in self.judged)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    price = click.FloatRange(0)
    for option in (
        click.option("--judge-url", required=True, metavar="URL", help="Its base, ending in /v1."),
        click.option("--judge-model", required=True, metavar="NAME", help="As its server has it."),
        click.option("--judge-key", default="", metavar="WHERE", help="env:NAME or keyring:S/U."),
        click.option("--repeats", type=click.IntRange(1, 100), default=3, show_default=True),
        click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True),
        click.option("--out", type=click.Path(path_type=Path, dir_okay=False)),
        click.option("--prompts", type=click.Path(path_type=Path), help="Your own wording (TOML)."),
        click.option("--language", default="", metavar="LANG", help="Of the prompts' file."),
        click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True),
        click.option("--max-tokens", type=click.IntRange(1), default=1024, show_default=True),
        click.option(
            "--timeout",
            type=click.FloatRange(0.1),
            default=120.0,
            show_default=True,
            help="Seconds without a byte.",
        ),
        click.option("--price-in", type=price, help="Price of a million tokens sent."),
        click.option("--price-out", type=price, help="Price of a million tokens received."),
        click.option("--unreadable-again", is_flag=True, help="Ask for what nobody could read."),
        click.option("--yes", is_flag=True, help="Do not ask whether the cost is right."),
    ):
        command = option(command)
    return command


@click.command("judge")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@_options
@click.pass_context
def judge_command(
    ctx: click.Context,
    /,
    path: Path,
    **given: Any,  # noqa: ANN401  (the options above)
) -> Exit:
    """Have a chat model score FILE, the answers of `eval answer` or of any model in that form.

    Each answer is scored from 1 to 10 in a call of its own. What stands in the file of judgements
    is not asked again: run the same command to go on. Exit code 1: rows of FILE or judgements could
    not be read. 4: the judge did not answer some questions.
    """
    session = Session.of(ctx)
    with readable(session):
        loaded = load_answers(path, categories(session))
        say_problems(loaded.problems, session)
        judge = judge_at(_judging(given), session.settings.network.hosts)
        prompts = judge_prompts(given["prompts"], given["language"])
        out = given["out"] or beside(path, "judged")
        file = JudgementFile(out, _run(path, judge, prompts))
        asked = questions(
            loaded.answered,
            prompts,
            given["repeats"],
            file.done,
            unreadable_again=given["unreadable_again"],
        )
        tally = _Tally()
        if asked:
            _confirm(estimated(asked), given, session)
            _ask(asked, judge, file, tally, (given["concurrency"], path.name, session))
            _say_cost(spent(tally.judged), "eval.cost-after", given, session)
        else:
            file.close()
    return _end(tally, len(asked), out, bool(loaded.problems), session)


def _judging(given: dict[str, Any]) -> Judging:
    return Judging(
        url=given["judge_url"],
        model=given["judge_model"],
        key=given["judge_key"],
        temperature=given["temperature"],
        max_tokens=given["max_tokens"],
        silence=given["timeout"],
        longest=max(5 * given["timeout"], 60.0),
    )


def _run(path: Path, judge: Judge, prompts: JudgePrompts) -> Object:
    whose = origin(path)
    return {
        "set": whose.set,
        "model": whose.model,
        "judge": judge.how.model,
        "host": judge.host,
        "prompts": prompts.digest,
        "temperature": judge.how.temperature,
        "max_tokens": judge.how.max_tokens,
    }


def _ask(
    asked: Sequence[Question],
    judge: Judge,
    file: JudgementFile,
    tally: _Tally,
    around: tuple[int, str, Session],
) -> None:
    hands, name, session = around
    with (
        resumable(session, file.close),
        progress(message("eval.judging", session.locale, model=judge.how.model)) as shown,
    ):
        for done, outcome in enumerate(judge_all(asked, judge, hands, Stop(), file.keep), 1):
            shown(done, len(asked))
            row = outcome.question.answered.row
            if outcome.judgement is not None:
                tally.judged.append((outcome.question, outcome.judgement))
                if outcome.judgement.score is None:
                    fields = {"turn": outcome.question.turn, "repeat": outcome.question.repeat}
                    problem = Problem(name, row.number, "eval.judgement-unreadable", fields)
                    say(problem.text(session.locale))
            elif outcome.failure is not None:
                tally.failed += 1
                problem = Problem(name, row.number, outcome.failure.key, outcome.failure.fields)
                said = outcome.failure.user_message(session.locale)
                say(said if outcome.failure.key in FATAL else problem.text(session.locale))


def _confirm(cost: Cost, given: dict[str, Any], session: Session) -> None:
    _say_cost(cost, "eval.cost-before", given, session)
    if given["yes"]:
        return
    if not sys.stdin.isatty():
        raise BadRequest("eval.needs-yes")
    click.confirm(message("eval.go-on", session.locale), abort=True, err=True)


def _say_cost(cost: Cost, key: str, given: dict[str, Any], session: Session) -> None:
    fields = {"calls": cost.calls, "sent": cost.prompt_tokens, "got": cost.completion_tokens}
    about = "≈ " if cost.estimated else ""
    say(message(key, session.locale, about=about, **fields))
    prices = given["price_in"], given["price_out"]
    if prices != (None, None):
        price = cost.price(prices[0] or 0.0, prices[1] or 0.0)
        say(message("eval.price", session.locale, about=about, price=f"{price:.4f}"))


def _end(tally: _Tally, asked: int, out: Path, problems: bool, session: Session) -> Exit:
    say(message("eval.judged", session.locale, file=out, count=len(tally.judged)))
    left = asked - len(tally.judged) - tally.failed
    if tally.failed or left:
        say(message("eval.unjudged", session.locale, failed=tally.failed, left=left))
        return Exit.FAILED
    return Exit.FOUND if problems or tally.unreadable else Exit.OK
