"""Operations and interventions. A planned one is ``possible``: it has not happened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.notes.facts import assertion
from doctorflan_ls.notes.facts.vocabulary import matches
from doctorflan_ls.notes.model import Assertion, Fact, Sentence
from doctorflan_ls.text import Span

_ACT = (
    "切除|切开|成形|根治|造影|造口|造瘘|吻合|修补|置换|固定|引流|减压|融合|移植|探查|介入|支架|置入|植入|栓塞|消融|穿刺|清除"
    "|结扎|缝合|截肢|截趾|碎石|取石|剥脱|扩张|复位|松解|清扫|摘除|夹闭|旁路移?植?|搭桥|内固定|活检|电切|剥除|剔除|溶栓|放置|取出"
)
_OPEN = re.compile(rf"[\u4e00-\u9fffA-Za-z]{{0,14}}(?:{_ACT})手?术")
_LEAD = re.compile(
    r"^.*(?:行|予|给予|做|于|在|因|经|施|接受|拟|后(?!腹|交|颅)|曾|及|加|院|科|上(?!颌|肢|腹"
    r"|皮)|下行|史|性别|了|日|月|年|前(?!列|臂|交)|时|为|式|需|可|名称)(?=[\u4e00-\u9fff]{2})"
)
_PLANNED = re.compile(
    r"(?:拟|择期|限期|计划|准备|建议|需要?|拟于.{0,12}|待|必要时)[^，。；]{0,10}$"
    r"|(?:plan(?:s|ned)? (?:for|to)|scheduled for|will (?:undergo|need|order|have|perform"
    r"|proceed)|recommend(?:ed)?|consider"
    r"|candidate for|discussed|refer(?:red|ral)? (?:to|for)|awaiting|requesting"
    r"|order(?:ed)? an?)[^.;]{0,40}$",
    re.IGNORECASE,
)


def find(sentence: Sentence) -> Iterable[Fact]:
    """The procedures of ``sentence``."""
    text = sentence.text
    spans: dict[Span, str] = {}
    for span in _open(text):
        spans[span] = text[span.start : span.end]
    for match in matches(text, "procedure"):
        inside = [span for span in spans if span.contains(match.span)]
        if not inside:
            spans = {span: name for span, name in spans.items() if not span.overlaps(match.span)}
            spans[match.span] = match.term.name(sentence.language)
    for span, name in spans.items():
        asserted = _assertion(sentence, span)
        if asserted is not None:
            yield Fact(
                "procedure",
                text[span.start : span.end],
                span,
                name,
                assertion=asserted,
                section=sentence.section,
            )


def _assertion(sentence: Sentence, span: Span) -> Assertion | None:
    reading = assertion.read(sentence, span, "procedure")
    planned = _PLANNED.search(sentence.text[max(span.start - 60, 0) : span.start])
    return (
        "possible"
        if planned and reading.assertion in ("present", "historical")
        else reading.assertion
    )


def _open(text: str) -> Iterator[Span]:
    if "术" not in text:
        return
    for found in _OPEN.finditer(text):
        name = found.group()
        lead = _LEAD.match(name)
        start = found.start() + (lead.end() if lead else 0)
        if found.end() - start >= 4:
            yield Span(start, found.end())
