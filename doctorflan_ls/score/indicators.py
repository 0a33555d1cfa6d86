"""National indicators of record quality, as far as the texts of many notes give them.

Source: 病案管理质量控制指标（2021年版）, 国卫办医函〔2021〕28号. It counts patients who left
hospital; here documents are counted, so a rate is of the documents that were looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.stay.moments import times
from doctorflan_ls.notes.context import NOTHING, Context
from doctorflan_ls.notes.note import Note
from doctorflan_ls.score.model import Score
from doctorflan_ls.tasks.model import Bilingual

_SOURCE = Bilingual(
    "《病案管理质量控制指标（2021年版）》{id}（国卫办医函〔2021〕28号）；此处以文书计",
    "Indicators of Record Quality (China, 2021), {id}; counted in documents here",
)
_LIMIT = timedelta(hours=24)
_COPIED = ("ZC-06", "ZF-05", "ZO-04")
"""Rules that report copied text."""


class Row(NamedTuple):
    """A note with what was found in it; ``context`` is what the host told of it."""

    note: Note
    findings: tuple[Finding, ...]
    score: Score | None = None
    context: Context = NOTHING


@dataclass(frozen=True, slots=True)
class Indicator:
    """``numerator`` of ``denominator`` documents; 0 of 0 where none could be judged."""

    id: str
    name: Bilingual
    numerator: int
    denominator: int
    source: Bilingual


class _Timed(NamedTuple):
    id: str
    name: Bilingual
    documents: tuple[str, ...]
    start: str


_TIMED = (
    _Timed(
        "MER-TL-01",
        Bilingual("入院记录24小时内完成率", "admission records within 24 hours"),
        ("admission_record", "readmission_record"),
        "admission_time",
    ),
    _Timed(
        "MER-TL-02",
        Bilingual("手术记录24小时内完成率", "operation records within 24 hours"),
        ("operation_record",),
        "surgery_end_time",
    ),
    _Timed(
        "MER-TL-03",
        Bilingual("出院记录24小时内完成率", "discharge records within 24 hours"),
        ("discharge_record",),
        "discharge_time",
    ),
)
_PROGRESS = (
    *("first_progress_note", "daily_progress_note", "ward_round", "stage_summary"),
    *("outpatient_followup", "postop_first_note"),
)


def indicators(rows: Iterable[Row]) -> list[Indicator]:
    """The indicators that ``rows`` give, in the order of the source.

    MER-TL-04 (the front page within 24 hours) and the indicators that need orders, results or
    pathology are not for the text of notes to give.
    """
    known = list(rows)
    made = [_timed(each, known) for each in _TIMED]
    progress = [row for row in known if row.note.doc_type in _PROGRESS]
    copied = [row for row in progress if any(f.rule.id in _COPIED for f in row.findings)]
    name = Bilingual("不合理复制病历发生率", "records with unreasonable copying")
    made.append(_indicator("MER-TQ-07", name, len(copied), len(progress)))
    graded = [row.score.grade for row in known if row.score is not None and row.score.grade]
    name = Bilingual(
        "甲级病历率（至多；仅按文本可判定的项目）",
        "records of grade A (at most; of what text tells)",
    )
    made.append(_indicator("MER-TQ-09", name, graded.count("A"), len(graded)))
    return made


def _timed(asked: _Timed, rows: Iterable[Row]) -> Indicator:
    held = list(_in_time(asked, rows))
    return _indicator(asked.id, asked.name, sum(held), len(held))


def _in_time(asked: _Timed, rows: Iterable[Row]) -> Iterator[bool]:
    """Of each document with both times whether it was in time; not where minutes would decide."""
    for row in rows:
        if row.note.doc_type not in asked.documents:
            continue
        known = times(Scope(row.note, None, CheckOptions(context=row.context)))
        start, end = known.get(asked.start), known.get("record_time")
        if start is None or end is None:
            continue
        least, most = end.moment.at - start.moment.latest, end.moment.latest - start.moment.at
        # Written before the event it tells of: one of the times is wrong.
        if most < timedelta(0):
            continue
        if most <= _LIMIT or least > _LIMIT:
            yield most <= _LIMIT


def _indicator(number: str, name: Bilingual, numerator: int, denominator: int) -> Indicator:
    source = Bilingual(_SOURCE.zh.format(id=number), _SOURCE.en.format(id=number))
    return Indicator(number, name, numerator, denominator, source)
