"""Whether a finding is present, denied, possible, historical or another person's.

Cues open scopes over the text before or after them, as in NegEx and ConText; the cue words and
their source are in ``data/terms/assertion_cues.tsv``. One negation covers a list to its end: the
end of the clause, a word that claims something (伴, 但, has, however), or another cue.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.facts.vocabulary import Match, scan
from doctorflan_ls.notes.model import Assertion, FactKind, Flag, Sentence
from doctorflan_ls.text import Span

_HARD_END = re.compile(r"[。；;！!\n\r]|[?？]|(?<![0-9 ])\.(?=\s|$)|(?<=[0-9])\.(?=\s+[A-Z])|  +")
_ITEM = re.compile(r"(?:^|[\s、，。；])[（(]?\d{1,2}[）).、．]\s?(?!\d)|[①-⑳]")
_BLANK = re.compile(r"(?<=[\u4e00-\u9fff）)])[ \t\u3000]+")
_SHORTEST_NAME = 4
_NON = re.compile(r"\bnon[- ]?$|未$", re.IGNORECASE)
_COMMA = re.compile(r"[，,]")
_YEARS_AGO = re.compile(
    r"(?:\d+|[一二两三四五六七八九十数几]+)(?:余|多)?年(?:余|多|半)?(?:以?前)|\b\w+ years? ago,?"
)
# 7年前无明显诱因出现…: how a present illness is told that goes on since then.
_ONSET = re.compile(
    r"[，,]?(?:患者|病人)?(?:无明显诱因|不明原因|无诱因|因.{1,12}后|.{0,6}后)?(?:开始|逐渐|反复|间断|突然)?"
    r"(?:出现|发现|发生|感|觉|反复)"
)
_RESOLVED = re.compile(r"治愈|已愈|痊愈|缓解|好转|消失|消退")
_RECENT = re.compile(
    r"(?:\d+|[一二两三四五六七八九十数几半]+)(?:余|多)?(?:个)?(?:小时|天|日|周|月|年)(?:余"
    r"|多)?(?:以?前)"
)
_MARKS = (
    (
        re.compile(r"[（(]\s*[-－—–一]\s*[）)]|(?<=[\u4e00-\u9fff])[-－](?=[，。；、,;\s]|$)"),
        "denied",
    ),
    (
        re.compile(
            r"[（(]\s*[+＋]{1,4}\s*[）)]|(?<=[\u4e00-\u9fff])[+＋]{1,4}(?=[，。；、,;\s]|$)"
        ),
        "present",
    ),
    (re.compile(r"[（(]\s*(?:±|\+/-|\+-)\s*[）)]"), "possible"),
)
_LIST_CLOSED = re.compile(r"(?:史|等.{0,8}|症状|情况|不适)\s*$")
_DURATION_BEFORE = re.compile(
    r"(?:day|week|month|hour|hr|yr|year|wk|min|minute)s?'?[- ]?(?:old )?$|\d+/(?:7|52|12) ?$",
    re.IGNORECASE,
)
_REPORTER = re.compile(
    r"\s*(?:\w+ )?(?:reports?|states?|says?|notes?|notice[ds]?|denie[sd]|brought|is concerned"
    r"|describes?"
    r"|gives|provided|reported|stated|thinks|felt|feels|called)|.{0,10}(?:代诉|诉|述|发现)",
    re.IGNORECASE,
)
_SECTION: dict[str, Assertion] = {
    "past_history": "historical",
    "past_medical_history": "historical",
    "past_surgical_history": "historical",
    "family_history": "family",
}
_SETTLED = frozenset({"symptom", "sign", "diagnosis", "procedure"})
_PRIORITY = ("hypothetical", "denied", "family", "possible", "historical")


class Reading(NamedTuple):
    """``assertion`` is None for what is only spoken of as a condition (如出现, if, risk of)."""

    assertion: Assertion | None
    flag: Flag | None


class _Scope(NamedTuple):
    start: int
    end: int
    what: str


def read(sentence: Sentence, span: Span, kind: FactKind) -> Reading:
    """How ``sentence`` speaks of the finding at ``span``.

    ``flag`` is POS or NEG for a sign that carries its result (压痛(+), Murphy征阴性) or is denied.
    """
    held = {
        scope.what
        for scope in _scopes(sentence.text, vocabulary.current())
        if scope.start <= span.start and span.end <= scope.end
    }
    if "unseen" in held and kind != "procedure":  # 胃镜未见异常: the procedure took place
        held.add("denied")
    if _NON.search(sentence.text, max(span.start - 4, 0), span.start):
        held.add("denied")
    flag: Flag | None = None
    if kind == "sign":
        flag = "NEG" if "denied" in held else "POS" if "present" in held else None
    if kind == "drug":  # 避免使用布洛芬 is a statement about the drug: its status says so
        held.discard("hypothetical")
    for what in _PRIORITY:
        if what in held:
            return Reading(_assertion(what), flag)
    default: Assertion = (
        _SECTION.get(sentence.section, "present") if kind in _SETTLED else "present"
    )
    return Reading(default, flag)


def _assertion(what: str) -> Assertion | None:
    match what:
        case "denied" | "family" | "possible" | "historical":
            return what
        case _:
            return None


@lru_cache(maxsize=128)
def _scopes(text: str, _vocabulary: vocabulary.Vocabulary) -> tuple[_Scope, ...]:
    # The scopes of a text follow from the terms in it: others, with another vocabulary.
    return tuple(_Reader(text).scopes())


class _Reader:
    """The scopes of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = scan(text)
        self.cues = [match for match in found if match.term.kind == "cue"]
        self.terms = [match.start for match in found if match.term.kind not in ("cue", "trap")]
        self.hard = [end.start() for end in _HARD_END.finditer(text)]
        self.commas = [comma.start() for comma in _COMMA.finditer(text)]
        self.recent = [time.start() for time in _RECENT.finditer(text)]

    def scopes(self) -> Iterator[_Scope]:
        for index, cue in enumerate(self.cues):
            what, _, direction = cue.term.system.partition(".")
            if direction == "pre":
                yield from self._before(index, cue, what)
            elif direction == "post":
                yield from self._after(index, cue, what)
        marked = 0
        for mark, what in sorted(
            (m.span(), what) for marks, what in _MARKS for m in marks.finditer(self.text)
        ):
            yield _Scope(max(self._clause_start(mark[0]), marked), mark[0], what)
            marked = mark[1]
        for ago in _YEARS_AGO.finditer(self.text):
            end = min(self._stop(ago.end(), {"now", "patient"}), self._next(self.recent, ago.end()))
            began = _ONSET.match(self.text, ago.end())
            told = min(self._next(self.hard, ago.end()), self._next(self.recent, ago.end()))
            if began and not _RESOLVED.search(self.text, ago.end(), told):
                continue
            yield _Scope(ago.end(), end, "historical")

    def _before(self, index: int, cue: Match, what: str) -> Iterator[_Scope]:
        start = cue.end
        match what:
            case "denied":
                end = self._denial_end(index, cue)
                silent = self.text[cue.start] == "未" or self.text[: cue.start].rstrip().endswith(
                    ":"
                )
                if silent and not self._any_term(start, self._clause_end(start)):
                    yield _Scope(self._clause_start(cue.start), cue.start, "unseen")
            case "possible":
                end = self._clause_end(start)
                if not self._any_term(start, end) and not self._latin(cue):
                    yield _Scope(self._clause_start(cue.start), cue.start, "possible")
            case "historical":
                if _DURATION_BEFORE.search(self.text[: cue.start]):
                    return
                wide = not self.text[cue.start].isascii() or " " in self.text[cue.start : cue.end]
                end = self._stop(
                    start, {"now", "patient", "claim"} if self._latin(cue) else {"now"}
                )
                end = min(end, self._next(self.recent, start))
                end = end if wide else min(end, self._clause_end(start))
            case "family":
                if _REPORTER.match(self.text, start):
                    return
                end = self._stop(start, {"patient"})
            case _:
                end = self._conditional_end(cue)
        yield _Scope(start, end, what)

    def _after(self, index: int, cue: Match, what: str) -> Iterator[_Scope]:
        surface = self.text[cue.start : cue.end].lower()
        nearest = self._next(self.terms, cue.end)
        if (
            surface in ("negative", "neg", "positive")
            and nearest - cue.end <= 1
            and nearest < len(self.text)
        ):
            yield _Scope(cue.end, self._clause_end(cue.end), what)
            return
        if (
            surface == "?"
            and nearest == cue.end
            and (not cue.start or self.text[cue.start - 1].isspace())
        ):
            yield _Scope(cue.end, self._clause_end(cue.end), what)
            return
        start = self._clause_start(cue.start)
        if surface in ("?", "？"):
            start = max(start, self._item_start(cue.start))
            start = self._last_named(start, cue.start)
        for other in self.cues[:index]:
            if other.term.system.endswith(".post") or other.term.system == "claim.end":
                start = max(start, other.end)
        yield _Scope(start, cue.start, what)

    def _denial_end(self, index: int, cue: Match) -> int:
        end = self._next(self.hard, cue.end)
        reached = cue.end
        for other in self.cues[index + 1 :]:
            if other.start >= end:
                break
            if other.start - reached <= 1:
                reached = other.end
                continue
            if other.term.system in (
                "claim.end",
                "denied.pre",
                "historical.pre",
                "now.end",
                "family.pre",
            ):
                end = other.start
                break
            if other.term.system.startswith("hypothetical"):
                end = other.start
                break
        return end if self._latin(cue) else self._list_end(cue.end, end)

    def _list_end(self, start: int, end: int) -> int:
        """In Chinese a comma ends the list, unless the list is closed only later by 等 or 史."""
        cuts = [comma for comma in self.commas if start <= comma < end]
        edges = [start, *(cut + 1 for cut in cuts)]
        ends = [*cuts, end]
        for left, right in zip(edges, ends, strict=True):
            if _LIST_CLOSED.search(self.text[left:right]):
                return right
            if not self._any_term(left, right):
                break
        return ends[0]

    def _conditional_end(self, cue: Match) -> int:
        opens = (
            not cue.start or cue.start - 1 in self.hard or not self.text[: cue.start].strip(" -•")
        )
        if self._latin(cue) and not opens:
            return self._next(self.hard, cue.end)
        return self._clause_end(cue.end)

    def _stop(self, start: int, roles: set[str]) -> int:
        end = self._next(self.hard, start)
        for cue in self.cues:
            if start < cue.start < end and cue.term.system.partition(".")[0] in roles:
                return cue.start
        return end

    def _clause_end(self, start: int) -> int:
        return min(self._next(self.hard, start), self._next(self.commas, start))

    def _clause_start(self, end: int) -> int:
        return max(self._last(self.hard, end), self._last(self.commas, end))

    def _item_start(self, end: int) -> int:
        """Where the item of a numbered list starts that ``end`` stands in."""
        return max((item.end() for item in _ITEM.finditer(self.text, 0, end)), default=0)

    def _last_named(self, start: int, end: int) -> int:
        """In 重度子痫前期 HELLP综合征？ a blank parts two names: where the last of them starts."""
        for blank in _BLANK.finditer(self.text, start, end):
            if self._any_term(start, blank.start()) and end - blank.end() >= _SHORTEST_NAME:
                start = blank.end()
        return start

    def _any_term(self, start: int, end: int) -> bool:
        return self._next(self.terms, start) < end

    def _latin(self, cue: Match) -> bool:
        return self.text[cue.start].isascii()

    def _next(self, places: list[int], start: int) -> int:
        index = bisect_left(places, start)
        return places[index] if index < len(places) else len(self.text)

    def _last(self, places: list[int], end: int) -> int:
        index = bisect_left(places, end)
        return places[index - 1] + 1 if index else 0
