"""``doctorflan-ls models bench``: how fast a model is on this machine, and what it takes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from statistics import median
from time import perf_counter

import click

from doctorflan_ls.cli.console import ID, QUIET, console, padded, print_json
from doctorflan_ls.cli.models_check import language_model
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models.base import ChatModel, Message, Sampling, Stop
from doctorflan_ls.models.choice import options
from doctorflan_ls.models.folders import store
from doctorflan_ls.tasks.registry import get_task

# Invented notes that come with the package, of a few hundred tokens each.
_NOTES: dict[Locale, str] = {"zh": "zh-chest-pain.txt", "en": "en-copd.txt"}
_TASKS = ("case-summary", "differential-diagnosis")


@dataclass(frozen=True, slots=True)
class _Run:
    """One answer. ``tokens`` is exact where the answer was cut, else a count of its pieces."""

    first_ms: float
    tokens: int
    per_second: float


@dataclass(frozen=True, slots=True)
class _Figures:
    """Medians in one language; ``second_task_ms`` is the first token of another task on a note."""

    prompt_tokens: int
    first_token_ms: float
    tokens_per_second: float
    second_task_ms: float


@click.command("bench")
@click.argument("model", metavar="ID")
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True)
@click.option(
    "--tokens", type=click.IntRange(2, 1000), default=64, show_default=True, help="New tokens."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def bench_command(ctx: click.Context, model: str, runs: int, tokens: int, as_json: bool) -> None:
    """Measure how fast a model is on this machine.

    Medians of RUNS answers to an example note in each of its languages, greedy. First token: from
    the question to the first text. Second task: the same for another task on the same note, which
    the cache of the first one serves.
    """
    session = Session.of(ctx)
    allowed = options(session.settings)
    listed = language_model(model, allowed, session.registry)
    before = peak_mib()
    begun = perf_counter()
    store.verify(listed.folder, listed.manifest)
    hashed = perf_counter()
    chat = store.load_chat(listed.folder, listed.manifest, allowed)
    loaded = perf_counter()
    try:
        with progress(message("models.measuring", session.locale)) as told:
            figures = _all_measured(chat, runs, tokens, told)
    finally:
        chat.close()
    result = {
        "model": model,
        "version": listed.spec.version,
        "digest": listed.spec.digest,
        "runs": runs,
        "tokens": tokens,
        "hash_s": round(hashed - begun, 3),
        "load_s": round(loaded - hashed, 3),
        "memory_before_mib": before,
        "memory_peak_mib": peak_mib(),
        "languages": {language: asdict(each) for language, each in figures.items()},
    }
    if as_json:
        print_json(result)
    else:
        _print(result, figures, session.locale)


def _all_measured(
    chat: ChatModel, runs: int, tokens: int, told: Callable[[float, float], None]
) -> dict[str, _Figures]:
    languages = [language for language in _NOTES if language in chat.spec.languages]
    figures: dict[str, _Figures] = {}
    for number, language in enumerate(languages):

        def done(share: float, number: int = number) -> None:
            told(number + share, len(languages))

        figures[language] = _measured(chat, language, runs, tokens, done)
    return figures


def _measured(
    chat: ChatModel, language: Locale, runs: int, tokens: int, done: Callable[[float], None]
) -> _Figures:
    first, second = (get_task(task).instruction.in_(language) for task in _TASKS)
    folder = files("doctorflan_ls").joinpath("examples")
    note = folder.joinpath(_NOTES[language]).read_text(encoding="utf-8")
    firsts, seconds = [], []
    # One before those that count, for what only the first one pays.
    for run in range(runs + 1):
        # A note that differs in its first words leaves nothing of the last run's cache.
        case = f"{run}-{run * 7919}\n{note}"
        firsts.append(_one(chat, f"{case}\n\n{first}", tokens))
        seconds.append(_one(chat, f"{case}\n\n{second}", tokens))
        done((run + 1) / (runs + 1))
    counted, after = firsts[1:], seconds[1:]
    return _Figures(
        prompt_tokens=chat.count([Message("user", f"0-0\n{note}\n\n{first}")]),
        first_token_ms=_median([each.first_ms for each in counted]),
        tokens_per_second=_median([each.per_second for each in counted]),
        second_task_ms=_median([each.first_ms for each in after]),
    )


def _one(chat: ChatModel, question: str, tokens: int) -> _Run:
    stop = Stop()
    begun = perf_counter()
    stream = chat.stream([Message("user", question)], Sampling(max_tokens=tokens), stop)
    first = 0.0
    pieces = 0
    finish = "stop"
    try:
        while True:
            try:
                next(stream)
            except StopIteration as end:
                finish = end.value
                break
            pieces += 1
            first = first or perf_counter()
    finally:
        stop.set()
        stream.close()
    ended = perf_counter()
    made = tokens if finish == "length" else pieces
    first = first or ended
    spent = ended - first
    return _Run((first - begun) * 1000, made, (made - 1) / spent if spent and made > 1 else 0.0)


def _median(values: Sequence[float]) -> float:
    return round(median(values), 1)


def peak_mib() -> int:
    """The most memory that this process ever held, in MiB; 0 where the system does not say."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, others KiB (getrusage(2)).
    return peak // (2**20 if sys.platform == "darwin" else 2**10)


def _print(result: dict[str, object], figures: dict[str, _Figures], locale: Locale) -> None:
    out = console()
    for language, each in figures.items():
        out.print(padded(language, 6), style=ID, end="")
        out.print(message("models.figures", locale, **asdict(each)))
    out.print(message("models.costs", locale, **result), style=QUIET)
