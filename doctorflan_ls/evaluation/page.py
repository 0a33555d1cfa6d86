"""The report as one HTML page that needs no other file and no network, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from doctorflan_ls.evaluation.measures import Totals
from doctorflan_ls.evaluation.report import PHASES, ModelMeasures, ModelScores, Report, SetReport
from doctorflan_ls.evaluation.statistics import Spread
from doctorflan_ls.evaluation.svg import Series, bars, colour, curves, intervals, radar
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.tasks.model import Bilingual, Task

_TOP = 10.0
# A radar of fewer axes is a line.
_LEAST_AXES = 3

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--quiet:#777}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:60rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin-top:1.75rem}
table{border-collapse:collapse;margin:.8rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}
svg{width:100%;height:auto;display:block;margin:.5rem 0}
svg text{font-size:12px;fill:currentColor}svg .quiet{fill:var(--quiet);font-size:11px}
.grid{stroke:var(--line);fill:none}.axis{stroke:var(--quiet)}
.whisker{stroke:currentColor;stroke-width:1.5}
.legend span{display:inline-block;margin-right:1.2rem}
.legend i{display:inline-block;width:.8rem;height:.8rem;margin-right:.35rem}
.quiet{color:var(--quiet)}.scroll{overflow-x:auto}
button{float:right;font:inherit}
html[lang=zh] .en,html[lang=en] .zh{display:none}
@media print{button{display:none}}
"""
_SCRIPT = "document.documentElement.lang=document.documentElement.lang=='zh'?'en':'zh'"


def page(made: Report, tasks: Sequence[Task], language: Locale) -> str:
    """The page, first shown in ``language``."""
    body = "".join(part for of in made.sets for part in _set(of, tasks))
    settings = made.settings
    fields = {"resamples": settings.resamples, "seed": settings.seed}
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>DoctorFLAN</title><style>{_STYLE}</style></head><body>"
        f'<button type="button" onclick="{_SCRIPT}">中文 / English</button>'
        f"<h1>{_said('eval.page-title')}</h1>"
        f"<p class=quiet>{_said('eval.page-about', **fields)}</p>"
        f"{body}</body></html>\n"
    )


def _set(of: SetReport, tasks: Sequence[Task]) -> Iterator[str]:
    yield f"<h2>{escape(of.name)}</h2>"
    if of.scores:
        yield _legend([each.model for each in of.scores])
        yield _overall(of.scores)
        yield from _plots(of, tasks)
        yield from _tables(of.scores, tasks)
    if of.measures:
        yield from _measures(of.measures)


def _overall(scores: Sequence[ModelScores]) -> str:
    rows = [
        [
            escape(each.model),
            escape(each.judge),
            _spread(each.overall),
            str(each.rows),
            str(each.repeats),
            str(each.unreadable),
        ]
        for each in scores
    ]
    heads = ["model", "judge", "overall", "rows", "repeats", "unreadable"]
    return _table([_said(f"eval.column-{head}") for head in heads], rows)


def _plots(of: SetReport, tasks: Sequence[Task]) -> Iterator[str]:
    names = list(dict.fromkeys(name for each in of.scores for name in each.tasks))
    if names:
        labels = [_task_title(name, tasks) for name in names]
        series = [
            _series(each.model, [each.tasks.get(name) for name in names]) for each in of.scores
        ]
        yield f"<h3>{_said('eval.page-tasks')}</h3>"
        if len(names) >= _LEAST_AXES:
            yield radar(_both("eval.page-tasks"), labels, series, _TOP)
        yield bars(_both("eval.page-tasks"), labels, series, _TOP)
    turns = sorted({turn for each in of.scores for turn in each.turns})
    if turns:
        labels = [_both("eval.turn", turn=turn) for turn in turns]
        series = [
            _series(each.model, [each.turns.get(turn) for turn in turns]) for each in of.scores
        ]
        yield f"<h3>{_said('eval.page-turns')}</h3>"
        yield curves(_both("eval.page-turns"), labels, series, _TOP)
    if of.pairs:
        rows = [
            (f"{pair.one} − {pair.other}", it.difference, it.low, it.high)
            for pair in of.pairs
            for it in (pair.interval,)
        ]
        level = round(of.pairs[0].interval.level * 100)
        yield f"<h3>{_said('eval.page-pairs', level=level)}</h3>"
        yield intervals(_both("eval.page-pairs", level=level), rows)


def _tables(scores: Sequence[ModelScores], tasks: Sequence[Task]) -> Iterator[str]:
    groups: list[tuple[str, list[tuple[str, list[Spread | None]]]]] = []
    names = dict.fromkeys(name for each in scores for name in each.tasks)
    by_task = [(_spans(_task_title(n, tasks)), [e.tasks.get(n) for e in scores]) for n in names]
    phases = [name for name in PHASES if any(name in each.phases for each in scores)]
    by_phase = [(_said(f"eval.phase-{n}"), [e.phases.get(n) for e in scores]) for n in phases]
    turns = sorted({turn for each in scores for turn in each.turns})
    by_turn = [(_said("eval.turn", turn=n), [e.turns.get(n) for e in scores]) for n in turns]
    groups += [("task", by_task), ("phase", by_phase), ("turn", by_turn)]
    for head, rows in groups:
        if rows:
            heads = [_said(f"eval.column-{head}"), *(escape(each.model) for each in scores)]
            yield _table(heads, [[name, *map(_spread, spreads)] for name, spreads in rows])


def _measures(measured: Sequence[ModelMeasures]) -> Iterator[str]:
    yield f"<h3>{_said('eval.page-measures')}</h3>"
    heads = ["model", *MEASURES]
    rows = [[escape(each.model), *measure_cells(each.totals)] for each in measured]
    yield _table([_said(f"eval.column-{head}") for head in heads], rows)


MEASURES = (
    "rows",
    "unsupported",
    "unstated",
    "structure",
    "gaps",
    "characters",
    "cut",
    "rouge",
    "seconds",
    "pieces",
)
"""The columns of `measure_cells`."""


def measure_cells(of: Totals) -> list[str]:
    """The measures as a table has them."""
    cells = [
        (of.unsupported_per_100, ".1f"),
        (of.unstated_per_100, ".1f"),
        (of.structure_percent, ".0f"),
        (of.gaps, ".1f"),
        (of.characters, ".0f"),
        (of.cut, "d"),
        (of.rouge_l, ".3f"),
        (of.seconds, ".2f"),
        (of.pieces_per_second, ".1f"),
    ]
    return [str(of.rows), *("–" if value is None else f"{value:{form}}" for value, form in cells)]


def _series(name: str, spreads: Sequence[Spread | None]) -> Series:
    values = [None if each is None else each.mean for each in spreads]
    return Series(name, values, [None if each is None else each.std for each in spreads])


def _spread(of: Spread | None) -> str:
    return "–" if of is None else f"{of.mean:.2f} ± {of.std:.2f}"


def _task_title(name: str, tasks: Sequence[Task]) -> Bilingual:
    found = next((task.title for task in tasks if task.id == name), None)
    return found or Bilingual(name, name)


def _legend(models: Sequence[str]) -> str:
    keys = "".join(
        f'<span><i style="background:{colour(number)}"></i>{escape(model)}</span>'
        for number, model in enumerate(models)
    )
    return f"<p class=legend>{keys}</p>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


def _both(key: str, **fields: object) -> Bilingual:
    return Bilingual(message(key, "zh", **fields), message(key, "en", **fields))


def _said(key: str, **fields: object) -> str:
    return _spans(_both(key, **fields))


def _spans(words: Bilingual) -> str:
    return f"<span class=zh>{escape(words.zh)}</span><span class=en>{escape(words.en)}</span>"


__all__ = ["MEASURES", "measure_cells", "page"]
