"""Diagnoses: vocabulary anywhere, the items of diagnosis sections, names after 诊断为 or 考虑."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.notes.facts import assertion
from doctorflan_ls.notes.facts.timing import duration_near
from doctorflan_ls.notes.facts.vocabulary import Match, matches
from doctorflan_ls.notes.model import DiagnosisRole, Fact, Sentence
from doctorflan_ls.text import Span

_ROLES: dict[str, DiagnosisRole] = {
    "initial_diagnosis": "initial",
    "admission_diagnosis": "admission",
    "discharge_diagnosis": "discharge",
    "final_diagnosis": "discharge",
    "preoperative_diagnosis": "preoperative",
    "postoperative_diagnosis": "postoperative",
    "past_history": "past",
    "past_medical_history": "past",
}
_LISTS = frozenset(_ROLES) - {"past_history", "past_medical_history"} | {"diagnosis", "impression"}
_CUE_ROLES: tuple[tuple[re.Pattern[str], DiagnosisRole], ...] = (
    (re.compile(r"术前诊断|pre-?operative diagnosis", re.IGNORECASE), "preoperative"),
    (re.compile(r"术后诊断|post-?operative diagnosis", re.IGNORECASE), "postoperative"),
    (re.compile(r"出院诊断|最终诊断|(?:discharge|final) diagnosis", re.IGNORECASE), "discharge"),
    (re.compile(r"入院诊断|admission diagnosis|admitting diagnosis", re.IGNORECASE), "admission"),
    (re.compile(r"初步诊断|门诊诊断|initial diagnosis", re.IGNORECASE), "initial"),
)
_BEFORE = re.compile(
    r"(?:急性|慢性|亚急性|原发性|继发性|先天性|双侧|左侧|右侧|左|右|双|老年性|陈旧性|复发性"
    r"|多发性|重度|中度|轻度)+$"
)
_AFTER = re.compile(
    r"\s?(?:[0-9ⅠⅡⅢⅣⅤIV一二三四]+\s?[级期型度]|[（(](?:极?高危|中危|低危)[^）)]{0,6}[）)]"
    r"|[TpN]+\d\w*)+"
)
_SUFFIX = (
    "炎|癌|瘤|综合征|结石|骨折|病|症|梗阻|梗死|出血|感染|衰竭|不全|狭窄|硬化|畸形|脱位|增生|囊肿"
    "|息肉|损伤|积液|脓肿|穿孔|中毒|贫血|肿物|占位|扩张|缺损|转移|结节|溃疡|栓塞|血栓|形成|破裂|疝|痔|证"
)
_STATED = re.compile(
    r"(?:诊断(?:为|考虑|是)?|诊为|确诊为?|考虑为?|拟诊|拟|误诊为"
    r"|以)[：:\s]*[“\"「]([^”\"」\n]{2,60})[”\"」]"
    rf"|(?:诊断为|诊为|确诊为?|误诊为"
    rf"|患有)[：:\s]*([\u4e00-\u9fff、ⅠⅡⅢIV0-9-]{{2,30}}?(?:{_SUFFIX}))(?=[，,。；;、\s（(]"
    rf"|$)"
)
_ITEM = re.compile(
    r"(?:^|[\n；;])\s*(?:诊断[：:])?\s*(?:\(?[0-9①-⑩]{1,2}\)?[.、．)）]?|[-•*#])?\s*([^\n；;。]+)"
)
_INNER = re.compile(r"(?<=[\u4e00-\u9fff）)？?])\s*\d{1,2}[.、．]\s*|[；;，,。、]\s*")
_NAME = re.compile(
    rf"[\u4e00-\u9fff0-9A-Za-zⅠ-Ⅴ（）()“”\-]{{2,24}}(?:{_SUFFIX})(?:[（(][^）)]*[）)])?$"
)


def find(sentence: Sentence) -> Iterable[Fact]:
    """The diagnoses of ``sentence``."""
    spans = {match.span: match for match in matches(sentence.text, "diagnosis")}
    facts = [fact for match in spans.values() if (fact := _known(sentence, match)) is not None]
    taken = [fact.span for fact in facts]
    for span in _open(sentence):
        if any(span.overlaps(other) for other in taken):
            continue
        fact = _fact(sentence, span, sentence.text[span.start : span.end])
        if fact is not None:
            taken.append(span)
            facts.append(fact)
    return facts


def _known(sentence: Sentence, match: Match) -> Fact | None:
    text = sentence.text
    start, end = match.start, match.end
    before = _BEFORE.search(text[max(start - 12, 0) : start])
    if before and not text[start].isascii():
        start -= len(before.group())
    after = _AFTER.match(text, end)
    end = after.end() if after else end
    return _fact(sentence, Span(start, end), match.term.name(sentence.language), match.span)


def _fact(sentence: Sentence, span: Span, name: str, core: Span | None = None) -> Fact | None:
    reading = assertion.read(sentence, core or span, "diagnosis")
    if reading.assertion is None:
        return None
    return Fact(
        kind="diagnosis",
        text=sentence.text[span.start : span.end],
        span=span,
        name=name,
        assertion=reading.assertion,
        duration=duration_near(sentence.text, span),
        role=_role(sentence, span)
        if reading.assertion in ("present", "possible", "historical")
        else None,
        section=sentence.section,
    )


def _role(sentence: Sentence, span: Span) -> DiagnosisRole | None:
    head = sentence.text[: span.start]
    for pattern, role in _CUE_ROLES:
        if pattern.search(head):
            return role
    if sentence.section in _ROLES:
        return _ROLES[sentence.section]
    return (
        "working"
        if sentence.section in ("assessment", "assessment_plan", "impression", "diagnosis")
        else None
    )


def _open(sentence: Sentence) -> Iterator[Span]:
    """Names that no table has but whose place says that they are diagnoses."""
    for stated in _STATED.finditer(sentence.text):
        group = 1 if stated[1] else 2
        yield from _pieces(sentence.text, *stated.span(group))
    if sentence.section in _LISTS:
        for item in _ITEM.finditer(sentence.text):
            yield from _pieces(sentence.text, *item.span(1))


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for cut in [*_INNER.finditer(text, start, end), None]:
        stop = cut.start() if cut else end
        piece = text[at:stop]
        lead = len(piece) - len(piece.lstrip(' \t“"：'))
        piece = piece.strip(' \t“”"？?：:')
        if _NAME.match(piece):
            yield Span(at + lead, at + lead + len(piece))
        at = cut.end() if cut else end
