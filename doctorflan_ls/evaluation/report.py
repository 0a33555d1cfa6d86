"""What came of judging and measuring models on sets, as plain values: ``eval report --json``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from doctorflan_ls.evaluation.appending import RUN, lines, run_of
from doctorflan_ls.evaluation.judgements import Judged, Judgement, load_judged
from doctorflan_ls.evaluation.measures import Measures, Totals, read_measures, totals
from doctorflan_ls.evaluation.rows import BadSet, Form, key_of
from doctorflan_ls.evaluation.statistics import (
    Interval,
    Score,
    Spread,
    grouped,
    overall,
    paired_bootstrap,
    repeat_means,
    row_means,
)
from doctorflan_ls.tasks.model import Phase, Task

PHASES: tuple[Phase, ...] = ("pre-diagnosis", "diagnosis", "treatment", "post-treatment", "any")


@dataclass(frozen=True, slots=True)
class Settings:
    """How intervals are reckoned."""

    seed: int = 0
    resamples: int = 10_000
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class ModelScores:
    """What one judge said of one model's answers to one set.

    ``tasks`` are by task id, or by the file's own name where that is no known category.
    ``unreadable`` judgements have no score. ``rows`` are those with a score.
    """

    model: str
    judge: str
    form: Form
    repeats: int
    rows: int
    unreadable: int
    overall: Spread | None
    repeat_means: tuple[float, ...]
    tasks: dict[str, Spread]
    phases: dict[str, Spread]
    turns: dict[int, Spread]


@dataclass(frozen=True, slots=True)
class ModelMeasures:
    """What was measured of one model's answers to one set; ``tasks`` by task id."""

    model: str
    totals: Totals
    tasks: dict[str, Totals]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models that one judge scored on one set, and how they differ: ``one`` minus ``other``."""

    one: str
    other: str
    judge: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class SetReport:
    """All that is known of one set, models in the order of the files."""

    name: str
    scores: tuple[ModelScores, ...]
    measures: tuple[ModelMeasures, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All sets, in the order of the files."""

    sets: tuple[SetReport, ...]
    settings: Settings


def report(files: Sequence[Path], tasks: Sequence[Task], settings: Settings) -> Report:
    """What the files of judgements and of measures say. Raises BadSet for one that is neither."""
    judged: list[Judged] = []
    measured: list[tuple[str, ModelMeasures]] = []
    for path in files:
        if (run_of(path) or {}).get("measures"):
            measured.append(_measured(path))
        else:
            judged.append(load_judged(path))
    names = dict.fromkeys([*(each.set for each in judged), *(name for name, _ in measured)])
    sets = [
        SetReport(
            name,
            tuple(_scores(each, tasks) for each in judged if each.set == name),
            tuple(each for of, each in measured if of == name),
            tuple(_pairs([each for each in judged if each.set == name], settings)),
        )
        for name in names
    ]
    return Report(tuple(sets), settings)


def to_json(made: Report) -> dict[str, Any]:
    """As ``schemas/eval-report.schema.json`` has it."""
    values = asdict(made)
    for of in values["sets"]:
        for each in of["scores"]:
            each["repeat_means"] = list(each["repeat_means"])
            each["turns"] = {str(turn): spread for turn, spread in each["turns"].items()}
        for name in ("scores", "measures", "pairs"):
            of[name] = list(of[name])
    return values | {"sets": list(values["sets"])}


def scores_of(judgements: Iterable[Judgement]) -> list[Score]:
    """Those that have a score."""
    return [
        Score(key_of(each.id), each.turn, each.repeat, each.score)
        for each in judgements
        if each.score is not None
    ]


def _scores(judged: Judged, tasks: Sequence[Task]) -> ModelScores:
    all_of = judged.judgements
    scores = scores_of(all_of)
    phase_of = {task.id: task.phase for task in tasks}
    order = [task.id for task in tasks]
    names = sorted(
        {each.task or each.category for each in all_of if each.task or each.category},
        key=lambda name: (order.index(name) if name in order else len(order), name),
    )
    forms = [each.form for each in all_of]
    form: Form = "multi" if "multi" in forms else "single"

    def of(group: Iterable[Judgement]) -> Spread | None:
        return grouped(scores_of(group))

    by_task = {name: of(e for e in all_of if name == (e.task or e.category)) for name in names}
    by_phase = {
        phase: of(each for each in all_of if phase_of.get(each.task) == phase) for phase in PHASES
    }
    turns = sorted({each.turn for each in all_of}) if form == "multi" else []
    by_turn = {turn: of(each for each in all_of if each.turn == turn) for turn in turns}
    return ModelScores(
        model=judged.model,
        judge=str(judged.run["judge"]),
        form=form,
        repeats=len({each.repeat for each in scores}),
        rows=len({each.row for each in scores}),
        unreadable=sum(each.score is None for each in all_of),
        overall=overall(scores),
        repeat_means=tuple(float(mean) for mean in repeat_means(scores).values()),
        tasks={name: each for name, each in by_task.items() if each is not None},
        phases={name: each for name, each in by_phase.items() if each is not None},
        turns={turn: each for turn, each in by_turn.items() if each is not None},
    )


def _pairs(judged: Sequence[Judged], settings: Settings) -> Iterable[Pair]:
    means = [row_means(scores_of(each.judgements)) for each in judged]
    for (one, own), (other, others) in combinations(zip(judged, means, strict=True), 2):
        # Scores of two judges, or by two sets of prompts, are no measure of the same.
        if any(one.run.get(key) != other.run.get(key) for key in ("judge", "prompts")):
            continue
        interval = paired_bootstrap(
            own, others, resamples=settings.resamples, seed=settings.seed, level=settings.level
        )
        if interval is not None:
            yield Pair(one.model, other.model, str(one.run["judge"]), interval)


def _measured(path: Path) -> tuple[str, ModelMeasures]:
    run = run_of(path) or {}
    if not {"set", "model"} <= set(run):
        raise BadSet("eval.no-run", file=path)
    found: dict[str, Measures] = {}
    for values in lines(path):
        if RUN not in values and (each := read_measures(values)) is not None:
            found[key_of(each.id)] = each
    by_task: dict[str, list[Measures]] = {}
    for each in found.values():
        by_task.setdefault(each.task, []).append(each)
    tasks = {name: totals(rows) for name, rows in by_task.items() if name}
    return str(run["set"]), ModelMeasures(str(run["model"]), totals(list(found.values())), tasks)


__all__ = [
    "PHASES",
    "ModelMeasures",
    "ModelScores",
    "Pair",
    "Report",
    "SetReport",
    "Settings",
    "report",
    "scores_of",
    "to_json",
]
