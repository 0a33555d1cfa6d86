"""Allergies, stated or denied. A substance inside one is no drug fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.notes.facts import assertion
from doctorflan_ls.notes.facts.numbers import half_width
from doctorflan_ls.notes.facts.vocabulary import TermKind, lookup, matches
from doctorflan_ls.notes.model import Assertion, Fact, Sentence
from doctorflan_ls.text import Span

_ZH = re.compile(
    r"(?P<left>(?:[^，,。；;：:\n（(”]|”(?=类|、|过敏)){0,40}?)(?P<word>(?:均|有)?过敏)(?!性|原|反应科|试验"
    r"|科)(?P<tail>史)?"
)
_ZH_LABEL = re.compile(
    r"(?:药物|食物|药物食物|药物及食物)?过敏史?\s*[：:]\s*(?P<list>[^。；;\n]{1,60})"
)
_ZH_LEAD = re.compile(
    r"^.*?(?:自述|自诉|否认有?|对|曾|因|使用|服用|应用|注射|进食|食用|既往有?|患者|病人|有|诉"
    r"|无|未发现|未发生|不明原因|已知|明确|史|父亲|母亲|标[注明识]|注明)+"
)
_ZH_CLAUSE = re.compile(r"[^，,。；;：:\n]+")
_TESTED = re.compile(r"皮试|阴性|[（(]\s*[-－]\s*[）)]|不过敏")
_POSITIVE = re.compile(
    r"[”\"]?(?:药物)?(?:皮试|皮内试验)\s*:?\s*(?:结果)?(?:呈|为|示)?(?:阳性|\(\s*\+{1,4}\s*\))"
)
_ZH_SPLIT = re.compile(r"[、/及和与或]|以及")
_ZH_TAIL = re.compile(r"(?:类)?(?:药物|药品|抗生素)?(?:等)?$")
# “青霉素”类: the substance is what stands between the marks.
_QUOTED_CLASS = re.compile(r"^([^“”\"]+)[”\"]类(?:药物|药品)?$")
_ZH_DENIED = re.compile(r"否认|无|未发现|未发生|没有|不存在")
_ZH_NONE = re.compile(r"\s*(?:否认|无|未发现|暂无|没有|不详)")
_REACTION = re.compile(
    r"\s*(?:[（(]([^）)]{1,30})[）)]|[，,]?\s*(?:表现为|反应为|出现|致)([^，。；;]{1,20}))"
)
_EN_NONE = re.compile(
    r"\b(?:NKDA|NKA|no known (?:drug |food |medication |environmental )?allerg(?:y|ies)"
    r"|no (?:drug |medication |food |known )?allergies"
    r"|denies (?:any )?(?:known )?(?:drug |food |medication )?allergies|nil known allergies"
    r"|no allergy)\b",
    re.IGNORECASE,
)
_EN_TO = re.compile(
    r"\b(?:allergic (?:reaction )?to|allerg(?:y|ies) to"
    r"|allergies include)\s+(?P<list>[^.;\n]{2,80})",
    re.IGNORECASE,
)
_EN_ALLERGIC = re.compile(
    r",(?P<before>[^,.;\n]{0,40})\ballergic (?:reaction )?to\s+\Z", re.IGNORECASE
)
_EN_OTHERWISE = re.compile(
    r"\b(?:no|not|nor|or|never|without|denie[sd]|isn't|wasn't|mother|father|family|brother|sister"
    r"|son|daughter|may|might|possibl[ey]|if)\b",
    re.IGNORECASE,
)
_EN_LABEL = re.compile(
    r"\b(?:allergies|drug allergies|allergy)\s*[:：]\s*(?P<list>[^.;\n]{2,100})", re.IGNORECASE
)
_EN_BEFORE = re.compile(r"\b(?P<list>[A-Za-z]{3,}) allerg(?:y|ies)\b", re.IGNORECASE)
_EN_SPLIT = re.compile(r",\s*|\s+and\s+|\s+or\s+|/(?=[A-Za-z])|\n")
_EN_STOP = re.compile(
    r"\b(?:which|that|with|who|but|causing|causes|she|he|and has|resulting|as)\b.*$", re.IGNORECASE
)
_EN_ANSWER = re.compile(
    r"^\s*(?:none|nil|no|nkda|nka|denies|negative|unknown|not)\b", re.IGNORECASE
)
_NAME = re.compile(r"[A-Za-z][\w-]+(?: [\w-]+){0,2}")
_WORD = re.compile(r"[A-Za-z\u3400-\u9fff]")
_SUBSTANCES: tuple[TermKind, ...] = ("drug", "drug_class", "allergen")


def find(sentence: Sentence) -> Iterable[Fact]:
    """The allergies of ``sentence``."""
    facts: dict[int, Fact] = {}
    for fact in _all(sentence):
        facts.setdefault(fact.span.start, fact)
    return facts.values()


def _all(sentence: Sentence) -> Iterator[Fact]:
    text = sentence.text
    if "皮试" in text or "皮内试验" in text:
        yield from _tested_positive(sentence)
    if "过敏" in text:
        yield from _chinese(sentence)
    elif sentence.section == "allergies" and sentence.language == "zh":
        yield from _under_heading(sentence)
    lowered = text.lower()
    if (
        "allerg" in lowered
        or "nkda" in lowered
        or "nka" in lowered
        or sentence.section == "allergies"
    ):
        yield from _english(sentence)


def _chinese(sentence: Sentence) -> Iterator[Fact]:
    text = sentence.text
    labelled = [found.span("list") for found in _ZH_LABEL.finditer(text)]
    for start, end in labelled:
        if _ZH_NONE.match(text, start):
            word = text.rindex("过敏", 0, start)
            if not text.startswith("不详", start):
                yield _fact(sentence, Span(word, end), "过敏", "denied")
        elif "过敏" not in text[start:end]:
            yield from _items(sentence, start, end, denied=False)
    for found in _ZH.finditer(text):
        if _ZH_LABEL.match(text, found.start("word")):
            continue
        left = found["left"]
        lead = _ZH_LEAD.match(left)
        start = found.start() + (lead.end() if lead else 0)
        denied = bool(_ZH_DENIED.search(left))
        facts = list(_items(sentence, start, found.start("word"), denied=denied, end=found.end()))
        if not facts and denied:
            facts = [_fact(sentence, Span(found.start("word"), found.end()), "过敏", "denied")]
        yield from facts


def _tested_positive(sentence: Sentence) -> Iterator[Fact]:
    """A positive skin test (青霉素皮试阳性) is an allergy: such a drug is not to be given."""
    for found in _POSITIVE.finditer(half_width(sentence.text)):
        for match in matches(sentence.text, *_SUBSTANCES):
            if match.end == found.start():
                name = match.term.name(sentence.language)
                yield _fact(sentence, Span(match.start, found.end()), name, "present")


def _under_heading(sentence: Sentence) -> Iterator[Fact]:
    """``过敏史：青霉素（皮疹）、头孢``: the heading says what the substances are named for."""
    text = sentence.text
    none = _ZH_NONE.match(text)
    if none:
        if "不详" not in none[0]:
            yield _fact(sentence, Span(0, len(text.rstrip("。；; \n"))), "过敏", "denied")
        return
    for clause in _ZH_CLAUSE.finditer(text):
        # A skin test that was negative is no allergy.
        if not _TESTED.search(clause[0]):
            items = _items(sentence, clause.start(), clause.end(), denied=False)
            yield from (item for item in items if _is_substance(item.name))


def _is_substance(name: str) -> bool:
    term = lookup(name)
    return term is not None and term.kind in _SUBSTANCES


def _items(
    sentence: Sentence, start: int, stop: int, *, denied: bool, end: int | None = None
) -> Iterator[Fact]:
    text = sentence.text
    cuts = [*_ZH_SPLIT.finditer(text, start, stop), None]
    at = start
    for cut in cuts:
        piece_end = cut.start() if cut else stop
        piece = text[at:piece_end]
        lead = len(piece) - len(piece.lstrip(' “"'))
        piece = piece.strip(' “”"')
        piece = _QUOTED_CLASS.sub(r"\1", piece)
        inner = _REACTION.search(piece)
        value = (inner[1] or inner[2]) if inner else None
        name = piece[: inner.start()] if inner else piece
        name = name if lookup(name) else _ZH_TAIL.sub("", name)
        if name in ("其他", "其它"):
            name = piece
        # 1. 过敏反应: a risk in a list, which names no substance.
        if len(name) <= 12 and _WORD.search(name) and not name.endswith("史"):
            close = end if end and not cut else at + lead + len(piece)
            reaction = _REACTION.match(text, end) if end and not cut else None
            if reaction:
                close, value = reaction.end(), reaction[1] or reaction[2]
            yield _fact(
                sentence,
                Span(at + lead, close),
                _canonical(sentence, name),
                _said(sentence, at + lead, denied),
                value,
            )
        at = cut.end() if cut else stop


def _said(sentence: Sentence, start: int, denied: bool) -> Assertion:
    if denied:
        return "denied"
    asserted = assertion.read(sentence, Span(start, start + 1), "allergy").assertion
    return asserted if asserted in ("family", "possible", "denied") else "present"


def _canonical(sentence: Sentence, name: str) -> str:
    term = lookup(name) or lookup(_ZH_TAIL.sub("", name)) or lookup(name.rstrip("s"))
    return term.name(sentence.language) if term and term.kind in _SUBSTANCES else name


def _english(sentence: Sentence) -> Iterator[Fact]:
    text = sentence.text
    none = _EN_NONE.search(text)
    if none:
        yield _fact(sentence, Span(*none.span()), "drug", "denied")
        return
    lists = [
        found.span("list") for pattern in (_EN_TO, _EN_LABEL) for found in pattern.finditer(text)
    ]
    for found in _EN_BEFORE.finditer(text):
        term = lookup(found["list"])
        if term and term.kind in _SUBSTANCES and term.name_en != "food":
            lists.append(found.span("list"))
    if not lists and sentence.section == "allergies" and sentence.language == "en":
        lists = [(0, len(text))]
    for start, end in lists:
        if not _EN_ANSWER.match(text[start:end]):
            yield from _english_items(sentence, start, end)


def _english_items(sentence: Sentence, start: int, end: int) -> Iterator[Fact]:
    text = sentence.text
    at = start
    affirmed = _is_affirmed(text, start)
    for cut in [*_EN_SPLIT.finditer(text, start, end), None]:
        stop = cut.start() if cut else end
        piece = _EN_STOP.sub("", text[at:stop])
        lead = len(piece) - len(piece.lstrip(' -•*"('))
        piece = piece.strip(' -•*".,')
        reaction = re.search(r"\s*[(（]([^)）]*)[)）]?$|\s+-\s+(.+)$", piece)
        name = piece[: reaction.start()] if reaction else piece
        value = (reaction[1] or reaction[2]) if reaction else None
        term = lookup(name)
        known = term is not None and term.kind in _SUBSTANCES
        if known or (_NAME.fullmatch(name) and sentence.section == "allergies" and len(text) <= 60):
            span = Span(at + lead, at + lead + len(piece))
            yield _fact(
                sentence,
                span,
                _canonical(sentence, name.lower()),
                "present" if affirmed else _said(sentence, span.start, False),
                value,
            )
        at = cut.end() if cut else end


def _is_affirmed(text: str, start: int) -> bool:
    """True for "not on any medication, allergic to peanuts": the clause itself denies nothing, and
    is the patient's own."""
    told = _EN_ALLERGIC.search(text, 0, start)
    return told is not None and not _EN_OTHERWISE.search(told["before"])


def _fact(
    sentence: Sentence, span: Span, name: str, said: Assertion, value: str | None = None
) -> Fact:
    text = sentence.text[span.start : span.end].rstrip()
    return Fact(
        "allergy",
        text,
        Span(span.start, span.start + len(text)),
        name,
        value=value,
        assertion=said,
        section=sentence.section,
    )
