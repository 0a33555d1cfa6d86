"""What examination reports say: their findings, one line a report, and the diseases they name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from doctorflan_ls.lexicon import cues, group, has_cue
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.condense import distinct
from doctorflan_ls.models.skeleton.lines import Line, Piece
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

_MOST_SENTENCES = 3
# Headings that say that something was examined, not what.
_UNNAMED = frozenset({"aux", "results", "lab"})
_CAPTION = re.compile(
    r"[^，。；：]{0,20}(?:片|位|平扫|增强|检查|造影|图|扫描|动力学|[动静]脉期|平扫期|实质期|暂缺|未做"
    r"|[（(][^（()）]*[)）])"
)
_CONCLUSION = re.compile(r"结论|考虑|提示|符合|诊断|印象|报告为|报告示|病理[^，]{0,6}[:：为示]")
# A heading that the outline does not know: （4）食管测压, alone on its line.
_NUMBERED = re.compile(r"(?:^|\n)[ \t\u3000]*[（(]\d{1,2}[）)][ \t]*([^。；;，,\n]{2,24})(?=\n)")
_LEAD = re.compile(r"\s*(?:结论|印象|诊断|检查结论|检查所见)[：:]\s*")
# 隐睾下降手术, 疝修补术: words between a disease and the end of an operation's name.
_OPERATION = re.compile(r"[\u4e00-\u9fff+]{0,10}术(?!前|后|中)")
_NAME_GOES_ON = 12
_LONGEST_NAME = 60
_MOST_DISEASES = 4


def reports(case: Case, spans: Iterable[Span], limit: int, found: bool = False) -> list[Line]:
    """The reports, laboratory values left out; those of a Chinese note one line each, those with
    a finding first and without their normal parts; with ``found`` only those."""
    if case.note.language == "en":
        told = distinct(case, map(case.with_heading, spans))
        kept = [span for span in told if len(case.quote(span)) > 5]
        if found:
            kept = [span for span in kept if finds(case, span)]
        kept.sort(key=lambda span: not finds(case, span))
        return [case.line(span) for span in kept if not _is_laboratory(case, span)][:limit]
    by_report: dict[str, list[Span]] = {}
    seen: list[str] = []
    for span in spans:
        words = _LEAD.sub("", case.quote(span))
        caption = _CAPTION.fullmatch(words) and not _names_finding(case, span)
        if caption or _is_laboratory(case, span):
            continue
        if words and not any(words in other for other in seen):
            seen.append(words)
            title = "".join(part.text for part in _name(case, span))
            by_report.setdefault(title or words, []).append(span)
    lines = [_report(case, told) for told in by_report.values()]
    lines.sort(key=lambda pair: not pair[0])
    return [line for positive, line in lines if positive or not found][:limit]


def _names_finding(case: Case, span: Span) -> bool:
    kinds = ("diagnosis", "sign", "symptom")
    return any(fact.kind in kinds for fact in case.facts_at(span))


def _is_laboratory(case: Case, span: Span) -> bool:
    facts = [fact for fact in case.facts_at(span) if fact.kind in ("lab", "vital")]
    covered = sum(fact.span.end - fact.span.start for fact in facts)
    return covered * 2 >= len(case.quote(span))


def _report(case: Case, spans: list[Span]) -> tuple[bool, Line]:
    positive = [span for span in spans if finds(case, span)]
    chosen = sorted(positive, key=lambda span: not _concludes(case, span))[:_MOST_SENTENCES]
    shown = sorted(chosen) or spans[:1]
    pieces = _name(case, shown[0])
    for number, span in enumerate(shown):
        if number:
            pieces.append(Piece(case.word("semicolon")))
        pieces.append(Piece(case.quote(span), (span,)))
    return bool(positive), Line(tuple(pieces), quote=shown[0])


def _name(case: Case, span: Span) -> list[Piece]:
    """The examination that the report at ``span`` is of: the heading over it, or the numbered line
    that stands for one."""
    section = case.note.section_at(span.start)
    if section is None:
        return []
    title = section.heading_span if section.id not in _UNNAMED else None
    for line in _NUMBERED.finditer(case.text, section.body.start, span.start):
        title = Span(*line.span(1))
    heading = case.quote(title).strip("（）()：: ") if title else ""
    if title is None or not heading or heading in case.quote(span):
        return []
    return [Piece(heading + case.word("colon"), (title,))]


def finds(case: Case, span: Span) -> bool:
    """True where a clause of the report sentence at ``span`` says more than what is normal, or
    the result is pending."""
    words = cues("result_positive")
    if has_cue(case.quote(span), cues("pending")):
        return True
    for clause in case.clauses(span):
        said = case.quote(clause)
        ill = any(
            fact.kind in ("diagnosis", "sign", "symptom")
            and fact.assertion in ("present", "possible")
            and fact.flag != "NEG"
            for fact in case.facts_at(clause)
        )
        normal = has_cue(said, cues("report_normal")) or case.denied(clause)
        if (ill or has_cue(said, words)) and not normal:
            return True
    return False


def _concludes(case: Case, span: Span) -> bool:
    return _CONCLUSION.search(case.text, span.start, span.end) is not None


def candidates(case: Case) -> list[Line]:
    """Diseases that no diagnosis section states: those reports name, and earlier ones.

    They are the report's or the history's words, not the diagnosis of this record.
    """
    named: set[str] = set()
    lines = []
    reported = list(case.sentences(group("reports")))
    reported.sort(key=lambda span: not _concludes(case, span))
    lines += case.joined(
        [_disease(case, span, named) for span in reported], _MOST_DISEASES, "reported", "semicolon"
    )
    earlier: set[str] = set()
    told = list(case.sentences(group("history") | {"chief_complaint"}))
    pieces = [_disease(case, span, earlier) for span in told]
    return lines + case.joined(pieces, _MOST_DISEASES, "earlier", "semicolon")


def _disease(case: Case, span: Span, named: set[str]) -> Piece:
    """The sentence, or of a long one the clause, that names a disease not named before."""
    facts = [fact for fact in case.facts_at(span) if _is_named(fact) and not _treated(case, fact)]
    new = [fact for fact in facts if fact.name.casefold() not in named]
    if not new:
        return Piece("")
    named |= {fact.name.casefold() for fact in facts}
    if case.note.language == "en":
        names = dict.fromkeys(case.quote(fact.span) for fact in new)
        return Piece(case.word("comma").join(names), tuple(fact.span for fact in new))
    part = span
    if len(case.quote(span)) > _LONGEST_NAME or case.place(span) != "reports":
        clauses = (clause for clause in case.clauses(span) if clause.contains(new[0].span))
        part = next(clauses, new[0].span)
    lead = _LEAD.match(case.text, part.start, part.end)
    part = Span(lead.end(), part.end) if lead else part
    words, evidence = case.balanced(part), (part,)
    name = _name(case, span)
    if name and case.place(span) != "history" and case.language == "zh":
        title = name[0].text.rstrip("：")
        return Piece(f"{words}（{title}）", (*evidence, *name[0].evidence))
    return Piece(words, evidence)


def _treated(case: Case, fact: Fact) -> bool:
    """True where the disease is only part of an operation's name."""
    after = case.text[fact.span.end : fact.span.end + _NAME_GOES_ON]
    return _OPERATION.match(after) is not None


def _is_named(fact: Fact) -> bool:
    return fact.kind == "diagnosis" and fact.assertion in ("present", "possible", "historical")
