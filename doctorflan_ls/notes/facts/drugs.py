"""Drugs with dose, route, frequency and what is being done with them.

Names come from ``data/terms/drugs.tsv``; names it lacks are recognised by their INN stem (WHO,
"The use of stems in the selection of INN") or, in Chinese, by a dosage form with a dose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from doctorflan_ls.notes.facts import assertion
from doctorflan_ls.notes.facts.vocabulary import matches
from doctorflan_ls.notes.model import Assertion, DrugStatus, Fact, Sentence
from doctorflan_ls.text import Span

_FORM = re.compile(
    r"(?:肠溶|缓释|控释|分散|泡腾|软|口腔崩解|薄膜衣)?(?:胶囊|片剂|片|注射液|注射剂|颗粒"
    r"|口服液|滴丸|丸|混悬液|干混悬剂|糖浆|吸入剂"
    r"|气雾剂|粉吸入剂|软膏|乳膏|滴眼液|栓剂?|贴剂?|粉针|钠|钙|针)|\s(?:tablets?|capsules?"
    r"|tabs?|caps?|inhaler|cream|ointment|injection|XR|ER|SR|XL|CR)\b"
)
_UNIT = (
    r"(?:mg|μg|µg|ug|mcg|kg|g|ml|mL|ML|IU|iu|U|u|units?|mmol|mEq|万单位|万U|单位|毫克|微克|克"
    r"|毫升|片|粒|支|丸|袋|包|瓶|滴|喷|吸|揿|#|milligrams?|micrograms?|grams?|puffs?|tablets?"
    r"|tabs?|capsules?|drops?|%)"
)
_NUMBER = r"\d+(?:[.,]\d+)?(?:\s*[-~～/]\s*\d+(?:\.\d+)?)?|半|一|两"
# 100mgqd: the frequency written onto the unit.
_GLUED = r"(?i:bid|tid|qid|qod|qd|qn|qhs|q\d+h)(?![a-zA-Z])"
_AFTER_UNIT = r"(?:(?<![a-zA-Z])|(?<=\d[gU])|(?<=\dm[gl])|(?<=\dmL))"
_DOSE = re.compile(
    rf"(?:早|中|晚|午|睡前|每次|一次|各|to |at |of )?\s?(?:{_NUMBER})\s?{_UNIT}(?:/kg|/次|/d"
    rf"|/日)?(?:(?<![a-zA-Z])|(?![a-zA-Z])|(?={_GLUED}))"
    rf"(?:\s*[、，,\s]?(?:早|中|晚|午|睡前)\s?(?:{_NUMBER})\s?{_UNIT}(?:(?<![a-zA-Z])|(?![a-zA-Z])))*",
)
_ROUTE = re.compile(
    r"口服|静脉滴注|静脉注射|静滴|静推|静注|静点|肌肉注射|肌注|皮下注射|皮下|舌下含服"
    r"|舌下含化|舌下|含服|含化|雾化吸入|雾化|吸入|外用|外敷|外涂"
    r"|滴眼|点眼|鼻饲|直肠给药|纳肛|灌肠|顿服|嚼服|冲服|泵入|微泵"
    r"|(?<![a-zA-Z])(?:p\.?o\.?|i\.?v\.?(?:gtt)?|ivgtt|ivdrip|i\.?m\.?|ih|sc|sq|subq|sl|pr|by mouth"
    r"|orally|oral|intravenous(?:ly)?|intramuscular(?:ly)?"
    r"|subcutaneous(?:ly)?|sublingual(?:ly)?|inhaled|topical(?:ly)?|rectally|IV|PO|IM|PV)\b",
    re.IGNORECASE,
)
_FREQUENCY = re.compile(
    r"每(?:日|天|晚|早|周|次|\d+小时|[一二两三四六八]+小时)(?:\s?(?:\d+"
    r"|[一二两三四])(?:-\d)?\s?次)?|一[日天](?:\d|[一二两三四])次|(?:\d+"
    r"|[一二两三四])次\s?[/／每]\s?(?:日|天|周|d|晚)"
    r"|日(?:\d|[一二三四])次|[一二三四\d]日[一二三四\d]次|必要时|睡前|晨起|隔日(?:一次)?|餐[前后中]"
    rf"|{_AFTER_UNIT}(?:bid|tid|qid|qd|qod|qn|qhs|hs|biw|tiw|qw|q\d+h|\d+\s?hrly|\d+ hourly"
    r"|q\d+-?\d*\s?(?:h|hours?|hrs?)|qam"
    r"|qpm|prn|b\.i\.d\.?|t\.i\.d\.?|q\.d\.?|q\.i\.d\.?|od|bd|tds|qds|mane|nocte|st)\b"
    r"|(?<![a-zA-Z])(?:once|twice|three times|four times"
    r"|one time|two times|\d+ times)(?: (?:a|per|each"
    r"|every))? ?(?:daily|day|week|weekly|month|night)?\b"
    r"|(?<![a-zA-Z])(?:daily|nightly|weekly|monthly|every (?:other )?(?:day"
    r"|night|morning|week|\d+ hours"
    r"|\w+ hours)|at bedtime|at night|as needed|each day|each night|in the morning|per day"
    r"|a day)\b",
    re.IGNORECASE,
)
_GAP = re.compile(
    r"[\s,，、:：”\"（(]{0,3}(?:剂量|用量|用法|每次|各|(?:with|via) (?:a )?spacer to"
    r"|to be taken|to|at|of|take)?\s?"
)
_DOSE_BEFORE = re.compile(
    rf"(?<![\d.])(?:{_NUMBER})\s?{_UNIT}(?: per day| daily| once daily)?\s+of\s+(?:[a-z]+\s)?$",
    re.IGNORECASE,
)
_STEM_EN = re.compile(
    r"\b[a-z]{2,}(?:prilat|pril|sartan|vastatin|olol|dipine|prazole|floxacin|cillin|cycline"
    r"|gliptin|gliflozin|glitazone|triptan"
    r"|azepam|azolam|conazole|tidine|setron|parin|xaban|gatran|tinib|zumab|ximab|mumab|lukast"
    r"|dronate|thiazide|oxetine|cef\w+)\b"
    r"|\bcef[a-z]{3,}\b",
    re.IGNORECASE,
)
_STEM_ZH = re.compile(
    r"头孢[\u4e00-\u9fff]{1,3}?(?=[，。、；\s\d抗治注]|$)|格列[\u4e00-\u9fff]"
    r"|[\u4e00-\u9fff]{1,2}(?:普利|沙坦|他汀|洛尔|地平|拉唑|沙星|西林|替尼|单抗|膦酸钠|列汀"
    r"|列净|西泮|唑仑)"
)
_FORM_ZH = re.compile(
    r"(?:口服|服用|予以?|给予|[、，,“：:\s]|^)([\u4e00-\u9fff]{2,9}(?:片|胶囊|注射液|颗粒"
    r"|口服液|丸|滴丸|缓释片|肠溶片))(?=\s?[\d，,、”\"]|\s*口服)"
)
_STATUS: tuple[tuple[DrugStatus, re.Pattern[str]], ...] = (
    (
        "avoid",
        re.compile(
            r"(?:避免|禁用|忌用|慎用|不宜|勿用|\bavoid(?:ing)?\b|contraindicated)[^。；;.]{0,20}$",
            re.IGNORECASE,
        ),
    ),
    (
        "stopped",
        re.compile(
            r"(?:停用|停服|停止|自行停药|已停|暂停|\bdiscontinued?\b|\bstop(?:ped|ping)?\b"
            r"|\bhold(?:ing)?\b|\bd/c\b|\boff\b|came off)[^。；;.，]{0,30}$",
            re.IGNORECASE,
        ),
    ),
    (
        "changed",
        re.compile(
            r"(?:改为|改用|增至|减至|加量至|减量至|加量|减量|调整为|换用|换为|\bincreas(?:e"
            r"|ed|ing)\b|\bdecreas(?:e|ed|ing)\b|\bswitch(?:ed)?\b|\bchanged?\b|\btaper\b"
            r"|\btitrat\w+)[^。；;.，]{0,30}$",
            re.IGNORECASE,
        ),
    ),
    (
        "new",
        re.compile(
            r"(?:加用|新增|开始|起始|予以|给予|予|开具|处方|\bstart(?:ed|ing)?\b|\bbeg[ia]n\b"
            r"|\binitiat\w+|\bprescri(?:b\w+|ptions?)|\badd(?:ed)?\b|\btrial\b"
            r"|\btreat(?:ed)? with\b|\bgive[n]?\b|\bwill take\b)[^。；;.]{0,40}$",
            re.IGNORECASE,
        ),
    ),
    (
        "current",
        re.compile(
            r"(?:长期|目前|规律|平素|现|一直|继续|维持|自服|服用|口服|应用|使用|每晚需|注射"
            r"|\bcontinu\w+|\btak(?:es?|ing)\b|\bcurrent(?:ly)?\b|\bon\b|\buses?\b|\busing\b"
            r"|\bmeds?:|\bmanaged with\b)[^。；;.]{0,60}$",
            re.IGNORECASE,
        ),
    ),
)
_STATUS_AFTER: tuple[tuple[DrugStatus, re.Pattern[str]], ...] = (
    (
        "stopped",
        re.compile(
            r"[^。；;.,，]{0,12}(?:停用|停药|(?:was |were |is |has been )?\b(?:stopped|discontinued"
            r"|held|on hold)\b)",
            re.IGNORECASE,
        ),
    ),
    (
        "changed",
        re.compile(
            r"[^。；;.,，]{0,6}(?:加量至|减量至|增至|减至|(?:was |were |is |has been )?"
            r"\b(?:increased|decreased|reduced|changed|uptitrated)\b)",
            re.IGNORECASE,
        ),
    ),
    ("new", re.compile(r"[^。；;,，]{0,40}\(new\)", re.IGNORECASE)),
)
# Behind the dose: "10 mg daily, stopped last week", 5mg 每日1次，上周已停用.
_STOPPED_BEHIND = re.compile(
    r"\s?[，,、(（]?[^。；;.,，()（）\n]{0,12}?"
    r"(?P<cue>停用|停药|停服|\b(?:stopped|discontinued|held|on hold)\b)",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[，,。；;.()（）\n]|$")
_CHANGED_TO = re.compile(
    r"\s*(?:加量至|减量至|增至|减至|(?:was |were |is |has been )?"
    r"(?:increased|decreased|reduced|changed|uptitrated) (?:from [^.;,]{1,20} )?to)\s*",
    re.IGNORECASE,
)
_CURRENT = frozenset(
    {"medications", "discharge_medications", "medication_history", "current_medications"}
)
_DENIED = re.compile(
    r"not (?:currently )?(?:taking|on|using)\s[^.;,]{0,30}$|未(?:服用|使用|应用"
    r"|规律服用)[^，。；]{0,12}$",
    re.IGNORECASE,
)


def find(sentence: Sentence) -> Iterable[Fact]:
    """The drugs of ``sentence``; those that are allergens are sorted out by ``extract``."""
    taken: list[Span] = []
    names = list(_names(sentence))
    stopped = _stopped_behind(sentence.text, [span for span, _ in names])
    for span, name in names:
        if not any(span.overlaps(other) for other in taken):
            fact = _fact(sentence, span, name, stopped)
            if fact is not None:
                taken.append(fact.span)
                yield fact


def _names(sentence: Sentence) -> Iterator[tuple[Span, str]]:
    text = sentence.text
    for match in matches(text, "drug", "drug_class"):
        yield match.span, match.term.name(sentence.language)
    others = matches(text, "diagnosis", "symptom", "sign", "procedure", "trap")
    for pattern, group in ((_STEM_EN, 0), (_STEM_ZH, 0), (_FORM_ZH, 1)):
        for found in pattern.finditer(text):
            span = Span(*found.span(group))
            if not any(span.overlaps(other.span) for other in others):
                yield span, found[group].lower()


def _stopped_behind(text: str, names: list[Span]) -> dict[Span, int]:
    """Where it is said behind a drug, and not of the next one or of a symptom, that it stopped."""
    found: dict[Span, int] = {}
    others = [*names, *(match.span for match in matches(text, "symptom", "sign"))]
    for name in names:
        end, _ = _dosing(text, name.end)
        said = _STOPPED_BEHIND.match(text, end)
        if said is None:
            continue
        clause = _CLAUSE_END.search(text, said.end())
        reach = Span(end, clause.start() if clause else len(text))
        if not any(reach.overlaps(other) for other in others):
            found[name] = said.start("cue")
    return found


def _fact(
    sentence: Sentence, name_span: Span, name: str, stopped: Mapping[Span, int]
) -> Fact | None:
    text = sentence.text
    end, parts = _dosing(text, name_span.end)
    said: Assertion | None = assertion.read(sentence, name_span, "drug").assertion
    if _DENIED.search(text[: name_span.start]):
        said = "denied"
    if said is None:
        return None
    return Fact(
        kind="drug",
        text=text[name_span.start : end],
        span=Span(name_span.start, end),
        name=name,
        dose=parts.get("dose") or _dose_before(text, name_span.start),
        route=parts.get("route") or _route_before(text, name_span.start),
        frequency=parts.get("frequency"),
        status=None if said in ("denied", "family") else _status(sentence, name_span, stopped),
        assertion=said,
        section=sentence.section,
    )


def _dosing(text: str, at: int) -> tuple[int, dict[str, str]]:
    """Where the drug's own words end, and the dose, route and frequency among them."""
    form = _FORM.match(text, at)
    end = at = form.end() if form else at
    changed = _CHANGED_TO.match(text, at)
    if changed and _DOSE.match(text, changed.end()):
        at = changed.end()
    parts: dict[str, str] = {}
    while True:
        gap = _GAP.match(text, at)
        start = gap.end() if gap else at
        for part, pattern in (("dose", _DOSE), ("frequency", _FREQUENCY), ("route", _ROUTE)):
            found = pattern.match(text, start) or pattern.match(text, at)
            if found and part not in parts and found.end() > at:
                parts[part] = re.sub(r"^(?:to|at|of) ", "", found.group().strip())
                at = end = found.end()
                break
        else:
            return end, parts


def _dose_before(text: str, start: int) -> str | None:
    """The amount in "1000 mg of metformin"."""
    found = _DOSE_BEFORE.search(text[max(start - 24, 0) : start])
    return re.split(r"\s+of\s", found.group())[0] if found else None


def _route_before(text: str, start: int) -> str | None:
    found = [*_ROUTE.finditer(text, max(start - 8, 0), start)]
    return (
        found[-1].group()
        if found and not re.search(r"[，。；;,]", text[found[-1].end() : start])
        else None
    )


def _status(sentence: Sentence, span: Span, stopped: Mapping[Span, int]) -> DrugStatus | None:
    if span in stopped:
        return "stopped"
    for status, pattern in _STATUS_AFTER:
        if pattern.match(sentence.text, span.end):
            return status
    # What was said of a drug before this one is not said of this one.
    own = max((cue + 1 for cue in stopped.values() if cue < span.start), default=0)
    before = sentence.text[max(span.start - 80, own, 0) : span.start]
    heads = [
        (max(hit.start() for hit in _heads(pattern, before)), status)
        for status, pattern in _STATUS
        if pattern.search(before)
    ]
    if not heads:
        return "current" if sentence.section in _CURRENT else None
    # "stop taking", 予口服: the verb of taking says nothing beside a change.
    latest = max(heads)[0]
    changes = [
        head
        for head in heads
        if head[1] != "current" and not re.search("[，,]", before[head[0] : latest])
    ]
    return max(changes or heads)[1]


def _heads(pattern: re.Pattern[str], before: str) -> Iterator[re.Match[str]]:
    """The pattern's hits that still reach the end of ``before``, from the first to the last."""
    found = pattern.search(before)
    while found:
        yield found
        found = pattern.search(before, found.start() + 1)
