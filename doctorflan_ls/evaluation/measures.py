"""What can be measured of an answer without a judge.

Grounding holds it against the case, structure against the parts of its task, overlap against the
reference. None of them says that an answer is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorflan_ls.answers import Titles
from doctorflan_ls.drafts import Draft, Part, Provenance, digest
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.appending import lines
from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import Answered, Row, RowId, case_of, key_of
from doctorflan_ls.evaluation.shards import meta_path
from doctorflan_ls.grounding import ground, grounded, is_of_grounding
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span, Spans

_GAP = re.compile(r"［待补充[^］]*］|\[to be added[^\]]*\]")
_WORD = re.compile(r"\w")
# With these words a draft of the server ends: what is left to the doctor, and who says so.
_REMARK = re.compile(r"(?:注：|Note: )")


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of one row's answers together.

    ``statements`` are sentences, gaps left out. ``unsupported`` are those with something that the
    case does not say or says otherwise, by the rules of drafts: what retells the case is held to
    it, advice may add but not contradict. ``unstated`` are those with anything that the case does
    not say, suggestions too. ``present`` of ``required`` parts of the
    task have words of their own; 0 of 0 where the row's task is not known. ``characters`` count no
    blanks, ``cut`` the answers that ended at their length limit, as far as the side file says.
    ``rouge_l`` is the F measure on characters, from 0 to 1. ``seconds`` is what all answers
    took, ``pieces`` over ``pieces_seconds`` about the tokens a second; None where nobody knows.
    """

    id: RowId
    task: str
    statements: int
    unsupported: int
    unstated: int
    present: int
    required: int
    gaps: int
    characters: int
    cut: int
    rouge_l: float
    seconds: float | None = None
    pieces: int | None = None
    pieces_seconds: float | None = None

    def to_json(self) -> Object:
        """As ``schemas/eval-measure.schema.json`` has it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Totals:
    """The measures of many rows: statements per 100 of them, the parts that are there in percent,
    ``cut`` answers, the others as means of rows. None where there is nothing to divide by.
    """

    rows: int
    unsupported_per_100: float | None
    unstated_per_100: float | None
    structure_percent: float | None
    gaps: float
    characters: float
    cut: int
    rouge_l: float
    seconds: float | None
    pieces_per_second: float | None


def measure(answered: Answered, took: Mapping[str, Any] | None, tasks: Sequence[Task]) -> Measures:
    """The measures of a row; ``took`` is its line of the side file."""
    row = answered.row
    task = _task(row, tasks)
    note = parse_note(_told(row))
    text = "\n".join(answered.answers)
    said = list(_statements(text))
    parts = list(_parts(text, task)) if task else []
    doubted = _doubted(text, note, parts, row)
    new = _unstated(text, note)
    required = [element.key for element in task.elements if not element.optional] if task else []
    filled = {part.element for part in parts if _filled(text, part)}
    return Measures(
        id=row.id,
        task=row.task,
        statements=len(said),
        unsupported=sum(doubted.overlap(span) for span in said),
        unstated=sum(new.overlap(span) for span in said),
        present=sum(key in filled for key in required),
        required=len(required),
        gaps=len(_gaps(text)),
        characters=len("".join(text.split())),
        cut=list((took or {}).get("finish") or ()).count("length"),
        rouge_l=rouge_l(text, row.reference),
        **_speed(took or {}),
    )


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L on characters without blanks: the F measure of their longest common subsequence.

    Lin (2004), ROUGE: A Package for Automatic Evaluation of Summaries, with precision and recall
    weighed alike. Raises BadRequest where the package for it is not installed.
    """
    try:
        from rapidfuzz.distance import LCSseq  # noqa: PLC0415
    except ImportError:
        raise BadRequest("eval.needs-rapidfuzz") from None
    one, other = "".join(answer.split()), "".join(reference.split())
    if not one or not other:
        return 0.0
    return 2 * LCSseq.similarity(one, other) / (len(one) + len(other))


def totals(measured: Sequence[Measures]) -> Totals:
    """What they come to; of none, zeros."""
    seconds = [each.seconds for each in measured if each.seconds is not None]
    pieces = sum(each.pieces or 0 for each in measured)
    piece_seconds = sum(each.pieces_seconds or 0.0 for each in measured)
    statements = sum(each.statements for each in measured)
    required = sum(each.required for each in measured)
    return Totals(
        rows=len(measured),
        unsupported_per_100=_share(sum(each.unsupported for each in measured), statements, 100),
        unstated_per_100=_share(sum(each.unstated for each in measured), statements, 100),
        structure_percent=_share(sum(each.present for each in measured), required, 100),
        gaps=_mean([each.gaps for each in measured]),
        characters=_mean([each.characters for each in measured]),
        cut=sum(each.cut for each in measured),
        rouge_l=_mean([each.rouge_l for each in measured]),
        seconds=_mean(seconds) if seconds else None,
        pieces_per_second=_share(pieces, piece_seconds, 1),
    )


def side_lines(answers: Path) -> dict[str, Object]:
    """The lines of the side file of a file of answers, by id; none where there is no such file."""
    found = (values for values in lines(meta_path(answers)) if "id" in values)
    return {key_of(values["id"]): values for values in found}


def read_measures(values: Mapping[str, Any]) -> Measures | None:
    """The measures in a line of a file of them; None in another line."""
    try:
        return Measures(**{name: values[name] for name in Measures.__slots__})
    except (KeyError, TypeError):
        return None


def _told(row: Row) -> str:
    """All that the questions say: the case, and what later turns add."""
    return "\n\n".join(case_of(question) for question in row.questions)


def _task(row: Row, tasks: Sequence[Task]) -> Task | None:
    try:
        return get_task(row.task, tasks) if row.task else None
    except BadRequest:
        return None


def _statements(text: str) -> Iterator[Span]:
    for span in sentences(text, 0, len(text)):
        if _WORD.search(_GAP.sub("", text[slice(*span)])):
            yield span


def _doubted(text: str, note: Note, parts: Sequence[Part], row: Row) -> Spans:
    """What grounding finds in the answer as in a draft of its task."""
    provenance = Provenance(
        task=row.task,
        model="",
        model_version="",
        uri="",
        version=0,
        span=Span(0, len(note.text)),
        source_digest=digest(str(note.text)),
        language=note.language,
    )
    draft = Draft("", provenance, text, (), (), "ready", parts=tuple(parts))
    gaps = Spans(_gaps(text))
    found = (each for each in grounded(draft, note).findings if is_of_grounding(each))
    return Spans(each.span for each in found if not gaps.overlap(each.span))


def _unstated(text: str, note: Note) -> Spans:
    return Spans(each.span for each in ground(text, note, skip=_gaps(text)))


def _gaps(text: str) -> list[Span]:
    return [Span(*gap.span()) for gap in _GAP.finditer(text)]


def _parts(text: str, task: Task) -> Iterator[Part]:
    """The parts of an answer, by the titles it has as lines or beginnings of lines."""
    titles = Titles(task.elements)
    at = 0
    key, begun = "", 0
    for line in text.splitlines(keepends=True):
        heading = titles.heading(line.rstrip("\n"))
        ends = heading is not None or _REMARK.match(line)
        if ends and key:
            yield Part(Span(begun, at), key)
        if ends:
            key, begun = (heading.key, at) if heading is not None else ("", at)
        at += len(line)
    if key:
        yield Part(Span(begun, at), key)


def _filled(text: str, part: Part) -> bool:
    """True where something stands behind the part's title that is no gap."""
    words = _GAP.sub("", text[slice(*part.span)])
    first, _, rest = words.partition("\n")
    _, colon, behind = first.replace(":", "：").partition("：")
    return _WORD.search((behind if colon else "") + rest) is not None


def _speed(took: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seconds": _sum(took.get("seconds")),
        "pieces": _sum(took.get("pieces")),
        "pieces_seconds": _sum(took.get("pieces_seconds")),
    }


def _sum(values: object) -> Any:  # noqa: ANN401  (a whole number or seconds)
    if not isinstance(values, list) or not values:
        return None
    if not all(isinstance(each, int | float) for each in values):
        return None
    return round(sum(values), 4)


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held) if held else 0.0


def _share(part: float, whole: float, times: float) -> float | None:
    return part * times / whole if whole else None


__all__ = ["Measures", "Totals", "measure", "read_measures", "rouge_l", "side_lines", "totals"]
