"""Grounding of a text, of a draft and of the drafts that stand in a note.

A part of a draft either retells the record or advises (``data/grounding.toml``). Of advice only
what contradicts this patient's record is found: 每8小时复查 is no statement of the record.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from doctorflan_ls.checks.model import Finding, Related
from doctorflan_ls.drafts import Draft
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.grounding.checker import hits
from doctorflan_ls.grounding.hits import Hit
from doctorflan_ls.grounding.record import Outside, Record, known_record, record_of
from doctorflan_ls.grounding.table import table
from doctorflan_ls.notes import headings
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span, Spans

# Of advice, only these contradict a record; a diagnosis that is weighed does not.
_OF_ADVICE: Final = frozenset({"GR-LAB", "GR-DOSE", "GR-DRUG", "GR-SIDE", "GR-PATIENT"})
_OF_DRUGS: Final = frozenset({"GR-DOSE", "GR-DRUG"})
_STOPS: Final = "。；;！？\n"
_GAP: Final = re.compile(r"［待补充[^］]*］|\[to be added[^\]]*\]")
_TITLE: Final = re.compile(r"\s*(?P<title>[^\n：:]{1,60})[：:]")
# Of one record: as many drafts hardly ever stand in a note.
_KEPT: Final = 32


def ground(
    text: str,
    note: Note,
    *,
    span: Span | None = None,
    skip: Iterable[Span] = (),
    advice: Iterable[Span] = (),
) -> tuple[Finding, ...]:
    """What ``text`` says that ``note`` does not say, or says otherwise, in the order it stands.

    Findings are of ``span`` of the text (all of it) outside ``skip``; in ``advice`` only what
    contradicts the record of this patient counts. A finding's span counts in ``text``, those of its
    ``related`` in the note.
    """
    outside = Outside(note)
    found = _kept(hits(text, record_of(outside)), text, Spans(skip), Spans(advice))
    return tuple(
        _finding(hit, text, outside, 0) for hit in found if span is None or hit.span.overlaps(span)
    )


def grounded(draft: Draft, note: Note, disabled: Collection[str] = ()) -> Draft:
    """``draft`` with what grounding finds in it added to its findings, ``disabled`` rules left out.

    The ``note`` is the one that it was made from.
    """
    outside = Outside(note)
    parts = tuple(_parts_of(draft))
    named = _named(draft.text, _titles(draft.provenance.task, None))
    gaps = (*(gap.span for gap in draft.gaps), *named)
    found = [
        _finding(hit, draft.text, outside, 0)
        for hit in _of_parts(record_of(outside), draft.text, parts, gaps)
        if hit.rule not in disabled
    ]
    if not found:
        return draft
    return replace(draft, findings=tuple(sorted((*draft.findings, *found), key=_place)))


def block_findings(
    note: Note, tasks: Sequence[Task] | None = None, *, at_once: bool = False
) -> tuple[Finding, ...]:
    """What grounding finds in the drafts that stand in ``note``; spans count in the note.

    ``tasks`` are those there are (the built-in ones), which say what a draft's titles mean. What
    was found in a draft is kept as long as neither it nor the record changes. ``at_once``: nothing
    where the record has to be read first.
    """
    blocks = note.draft_blocks
    if not blocks:
        return ()
    outside = Outside(note)
    record = known_record(outside) if at_once else record_of(outside)
    if record is None:
        return ()
    found: list[Finding] = []
    for block in blocks:
        body = note.slice(block.body)
        hits_in = _of_block(record, body, _titles(block.task, tasks))
        found.extend(_finding(hit, body, outside, block.body.start) for hit in hits_in)
    return tuple(sorted(found, key=_place))


def is_of_grounding(finding: Finding) -> bool:
    """True for a finding of these rules: where a draft stands in a note it is made anew."""
    return finding.rule.id in table().absent


class _Part(NamedTuple):
    """A part of a draft at ``span``, its ``title`` at the beginning.

    ``retells``: it retells the record. ``denies``: what it names it denies.
    """

    span: Span
    title: Span
    retells: bool = False
    denies: bool = False


class _Title(NamedTuple):
    """A title that begins a part, and what kind of part."""

    words: str
    retells: bool
    denies: bool


def _titles(task_id: str, tasks: Sequence[Task] | None) -> tuple[_Title, ...]:
    """The titles of the task's parts in both languages."""
    try:
        task = get_task(task_id, tasks)
    except BadRequest:
        return ()
    retells = table().retells.get(task.id, frozenset())
    denies = table().denies.get(task.id, frozenset())
    return tuple(
        _Title(words, element.key in retells, element.key in denies)
        for element in task.elements
        for words in (element.title.zh, element.title.en)
    )


def _of_block(record: Record, body: str, titles: tuple[_Title, ...]) -> tuple[Hit, ...]:
    """What is found in a draft, kept with the record and no longer than it."""
    known = record.found.get((body, titles))
    if known is None:
        known = _looked_for(record, body, titles)
        while len(record.found) >= _KEPT:
            del record.found[next(iter(record.found))]
        record.found[body, titles] = known
    return known


def _looked_for(record: Record, body: str, titles: tuple[_Title, ...]) -> tuple[Hit, ...]:
    gaps = (*(Span(*found.span()) for found in _GAP.finditer(body)), *_named(body, titles))
    return tuple(_of_parts(record, body, tuple(_parts_in(body, titles)), gaps))


def _named(text: str, titles: Sequence[_Title]) -> Iterator[Span]:
    """Where another part is named: 见“记录中的手术意见”."""
    for title in titles:
        for mark in '“"':
            at = text.find(mark + title.words)
            if at >= 0:
                yield Span(at, at + 1 + len(title.words))


def _of_parts(
    record: Record, text: str, parts: Sequence[_Part], gaps: Sequence[Span]
) -> Iterator[Hit]:
    """What is found in each part by itself: what a title says is not said of the next part."""
    left_out = Spans(gaps)
    for part in parts:
        words = text[slice(*part.span)]
        title = text[slice(*part.title)]
        if title and not headings.kinds_named(title):
            # A title such as 停用的药物 is the task's and says nothing of the patient.
            at = part.title.start - part.span.start
            words = words[:at] + " " * len(title) + words[at + len(title) :]
        advice = Spans(() if part.retells else (Span(0, len(text)),))
        found = (_moved(hit, part.span.start) for hit in hits(words, record, denies=part.denies))
        yield from _kept(found, text, left_out, advice)


def _moved(hit: Hit, by: int) -> Hit:
    return hit._replace(span=Span(hit.span.start + by, hit.span.end + by))


def _parts_of(draft: Draft) -> Iterator[_Part]:
    """The parts of a draft, and as advice what stands between them."""
    task = draft.provenance.task
    retells = table().retells.get(task, frozenset())
    denies = table().denies.get(task, frozenset())
    at = 0
    for part in draft.parts:
        if part.span.start > at:
            yield _Part(Span(at, part.span.start), Span(at, at))
        title = _TITLE.match(draft.text, part.span.start, part.span.end)
        span = Span(*title.span("title")) if title else Span(part.span.start, part.span.start)
        yield _Part(part.span, span, part.element in retells, part.element in denies)
        at = part.span.end
    if at < len(draft.text):
        yield _Part(Span(at, len(draft.text)), Span(at, at))


def _parts_in(body: str, titles: Sequence[_Title]) -> Iterator[_Part]:
    """The parts of a draft in a note: from each line that begins with a title to the next."""
    known = {title.words: title for title in titles}
    current = _Part(Span(0, 0), Span(0, 0))
    start = 0
    for line in body.splitlines(keepends=True):
        head = _TITLE.match(line)
        title = known.get(head["title"].strip()) if head else None
        if head is not None and title is not None:
            if start > current.span.start:
                yield current._replace(span=Span(current.span.start, start))
            place = Span(start + head.start("title"), start + head.end("title"))
            current = _Part(Span(start, start), place, title.retells, title.denies)
        start += len(line)
    if start > current.span.start:
        yield current._replace(span=Span(current.span.start, start))


def _kept(found: Iterable[Hit], text: str, skip: Spans, advice: Spans) -> Iterator[Hit]:
    for hit in found:
        if skip.overlap(hit.span):
            continue
        if not advice.overlap(hit.span) or _of_patient(hit, text):
            yield hit


def _of_patient(hit: Hit, text: str) -> bool:
    """True where advice says this of the patient, and the record says otherwise."""
    allergy = hit.rule == "GR-NEG" and re.search(r"过敏|allerg|NKDA", text[slice(*hit.span)])
    if not hit.contradicts or not (hit.rule in _OF_ADVICE or allergy):
        return False
    start = max(text.rfind(stop, 0, hit.span.start) for stop in _STOPS) + 1
    ends = (text.find(stop, hit.span.end) for stop in _STOPS)
    end = min((at for at in ends if at >= 0), default=len(text))
    words = table()
    if hit.rule in _OF_DRUGS:
        return words.patient.search(text, start, hit.span.start) is not None
    return words.general.search(text, start, end) is None


def _finding(hit: Hit, text: str, outside: Outside, by: int) -> Finding:
    rules = table().other if hit.contradicts else table().absent
    span = Span(hit.span.start + by, hit.span.end + by)
    fields = {"text": " ".join(text[slice(*hit.span)].split())}
    if hit.evidence is None:
        return Finding(rules[hit.rule], span, fields)
    fields["says"] = " ".join(hit.says.split())
    fields["line"] = str(outside.line(hit.evidence.start))
    related = Related(outside.place(hit.evidence), table().related)
    return Finding(rules[hit.rule], span, fields, related=(related,))


def _place(finding: Finding) -> Span:
    return finding.span


__all__ = ["block_findings", "ground", "grounded", "is_of_grounding"]
