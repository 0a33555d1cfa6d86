"""The note's text as selectors quote it: by section, sentence and clause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from doctorflan_ls.lexicon import cues, denied_before, group, has_cue, place, table
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.text import Span

_LEAD = re.compile(
    r"^(?:[\s•·\-*–—#>]+|[（(]?\d{1,2}[)）.、．]\s*(?!\d)|[①-⑳]|[一二三四五六七八九十]、)+"
)
_TAIL = "。；;，,、.：: \t\r\n"
_FIRST_LINE = re.compile(r"\s*(\S[^\r\n]{0,38}\S)[ \t\u3000]*(?=[\r\n])")
# A name behind a title, or alone at the right.
_SIGN_OFF = re.compile(
    r"^[ \t\u3000]*(?:(?:住院|主治|副?主任|经治|主管|实习|规培|进修|值班|接诊|首诊)?"
    r"(?:医师|医生)[ \t\u3000]+"
    r"|(?<=[ \t\u3000])(?<=[ \t\u3000]{4}))[\u4e00-\u9fff]{2,4}(?:[/／、][\u4e00-\u9fff]{2,4})?"
    r"(?:[（(][\u4e00-\u9fff]{2,4}[）)])?[ \t\u3000]*(?:\d{4}[^\n\r]*)?\s*\Z",
    re.MULTILINE,
)
_SENTENCE_ENDS = "。.！!？?；;，,：:"
_BLANKS = re.compile(r"\s+")
# A longer Chinese sentence is quoted by its clauses.
_LONG = 70
_PROBLEM = 60
_BULLET = re.compile(r"[•·*-]")
_BULLET_BELOW = re.compile(r"[ \t]*(?:\r\n|\n|\r)[ \t]*[•·*-]")
# How far behind a finding its duration, or behind a drug its route, may stand.
_REACH = 80
# Sections whose heading says what was examined.
_NAMED_BY_HEADING = frozenset({"imaging", "ultrasound", "ecg", "pathology", "endoscopy"})
_REASONING = re.compile(r"^(?:medical reasoning|patient agreements?)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[，,；;。]")
# 血糖未监测 speaks of no monitoring.
_NOT_DONE = re.compile(r"[未无不没](?:有|能|予|行|曾|规律|定期)*[\u4e00-\u9fff]{2}")
_NEGATIVE = ("未", "无", "不")
_ENCLOSED = re.compile(r"“[^“”\n]{1,60}”|（[^（）\n]{1,60}）")


@cache
def _plan_label() -> re.Pattern[str]:
    labels = "|".join(map(re.escape, table("skeleton")["plan_labels"]))
    return re.compile(rf"^(?:{labels})s?\s*:\s*", re.IGNORECASE)


class Source:
    """The text of ``note``, of which ``scope`` is to be read."""

    def __init__(self, note: Note, scope: Span) -> None:
        self.note = note
        self.scope = scope
        self.text = str(note.text)

    def ids(self, names: str) -> frozenset[str]:
        """Section ids of a comma list, ``@name`` standing for a group."""
        found: set[str] = set()
        for name in names.split(","):
            found |= group(name[1:]) if name.startswith("@") else {name}
        return frozenset(found)

    def sections(self, ids: frozenset[str]) -> Iterator[Section]:
        """Sections with one of these ids in scope, and unnamed ones inside such a section."""
        for section in self.note.sections:
            inside = section.span.overlaps(self.scope)
            if inside and (section.id in ids or self._nested(section, ids)):
                yield section

    def _nested(self, section: Section, ids: frozenset[str]) -> bool:
        return section.id == "other" and self._in(section, ids)

    def _in(self, section: Section, ids: frozenset[str]) -> bool:
        return any(
            other.id in ids and other is not section and other.span.contains(section.span)
            for other in self.note.sections
        )

    def bodies(self, ids: frozenset[str]) -> Iterator[Span]:
        """The texts of these sections; a note without a history section still has a history."""
        if "hpi" in ids and not any(
            self.quote(section.body) for section in self.sections(group("history"))
        ):
            yield from self._narrative()
        for section in self.sections(ids):
            yield section.body

    def _narrative(self) -> Iterator[Span]:
        """The history of a note without such a section: what follows the complaint under its
        heading, else what stands before any heading."""
        complaints = list(self.sections(frozenset({"chief_complaint"})))
        for section in complaints:
            rest = list(self.cut(section.body.start, section.body.end))[1:]
            if rest:
                yield Span(rest[0].start, section.body.end)
        first = self.note.sections[0].span.start if self.note.sections else len(self.text)
        if not complaints and first > self.scope.start:
            yield Span(self.scope.start, min(first, self.scope.end))

    def sentences(self, ids: frozenset[str]) -> Iterator[Span]:
        """The sentences of these sections, drafts and bare fragments left out."""
        for body in self.bodies(ids):
            start, end = max(body.start, self.scope.start), min(body.end, self.scope.end)
            yield from self.cut(start, end)

    def cut(self, start: int, end: int) -> Iterator[Span]:
        """The sentences of a stretch of text."""
        blocks = [*(block.span for block in self.note.draft_blocks), *self.note.marker_lines]
        for span in sentences(self.text, start, end):
            said = len(self.quote(span)) > 1 or self.facts_at(span)
            if self._sign_off is not None and self._sign_off.overlaps(span):
                continue
            if said and span != self._title and not any(block.overlaps(span) for block in blocks):
                yield span

    @cached_property
    def _sign_off(self) -> Span | None:
        """The last line where it is a doctor's name, which is neither diagnosis nor advice."""
        found = _SIGN_OFF.search(self.text)
        return None if found is None else Span(*found.span())

    @cached_property
    def _title(self) -> Span | None:
        """The document's title: a short first line above the first heading that states nothing."""
        found = _FIRST_LINE.match(self.text, self.note.front)
        first = Span(*found.span(1)) if found else None
        if first is None or not self.note.sections or self.facts_at(first):
            return None
        above = first.end <= self.note.sections[0].span.start
        return first if above and self.text[first.end - 1] not in _SENTENCE_ENDS else None

    def everywhere(self, but: frozenset[str]) -> Iterator[Span]:
        """Every sentence in scope that stands in no section of ``but``."""
        for span in self.cut(self.scope.start, self.scope.end):
            section = self.note.section_at(span.start)
            left = section is not None and (section.id in but or self._nested(section, but))
            if section is None or not (left or self._heading(section, span)):
                yield self._after_heading(section, span)

    def _heading(self, section: Section, span: Span) -> bool:
        return section.heading_span.contains(span) or span.end <= section.body.start

    def _after_heading(self, section: Section | None, span: Span) -> Span:
        if section and span.start < section.body.start < span.end:
            return Span(section.body.start, span.end)
        return span

    def clauses(self, span: Span) -> Iterator[Span]:
        """``span`` cut at commas, those between quotation marks or brackets left alone."""
        start = span.start
        inside = [
            Span(*found.span()) for found in _ENCLOSED.finditer(self.text, span.start, span.end)
        ]
        for found in _CLAUSE.finditer(self.text, span.start, span.end):
            if any(part.start < found.start() < part.end for part in inside):
                continue
            if found.start() > start:
                yield Span(start, found.start())
            start = found.end()
        if start < span.end:
            yield Span(start, span.end)

    def quote(self, span: Span) -> str:
        """The note's words at ``span`` on one line, list marks and closing points left out."""
        words = _LEAD.sub("", self.text[span.start : span.end])
        if self.note.language == "en":
            words = _plan_label().sub("", words)
        return _BLANKS.sub(" ", words).strip(_TAIL)

    def balanced(self, span: Span) -> str:
        """``quote`` without quotation marks of which only one is in ``span``."""
        words = self.quote(span)
        if words.count("“") == words.count("”"):
            return words
        return words.replace("“", "").replace("”", "")

    def facts_at(self, span: Span) -> tuple[Fact, ...]:
        """The facts inside ``span``."""
        return tuple(fact for fact in self.note.facts_in(span) if span.contains(fact.span))

    def place(self, span: Span) -> str:
        """The group of sections that ``span`` stands in (``lexicon.place``)."""
        section = self.note.section_at(span.start)
        if section is not None and self._nested(section, group("reports")):
            return "reports"
        return place(section.id) if section else "history"

    def denied(self, span: Span) -> bool:
        """True where the clause at ``span`` only denies."""
        facts = [fact for fact in self.facts_at(span) if fact.kind in ("symptom", "sign")]
        if facts:
            return all(fact.assertion == "denied" or fact.flag == "NEG" for fact in facts)
        words = self.quote(span).casefold()
        return words.startswith(cues("negation")) or denied_before(
            self.text, span.start, self.note.language
        )

    def line_start(self, span: Span) -> int:
        """Where the line that ``span`` stands in begins."""
        return max(self.text.rfind(end, 0, span.start) for end in "\r\n") + 1

    def is_problem(self, span: Span) -> bool:
        """True where ``span`` is a short line of its own over a bulleted list."""
        if self.line_start(span) != span.start or span.end - span.start > _PROBLEM:
            return False
        alone = _BULLET.match(self.text, span.start) is None
        return alone and _BULLET_BELOW.match(self.text, span.end) is not None

    def first_told(self, spans: list[Span]) -> Span:
        """The first of ``spans`` that names a symptom, sign or disease in an English note (its
        first line may be about identity); else the first."""
        kinds = ("symptom", "sign", "diagnosis")
        told = (span for span in spans if any(fact.kind in kinds for fact in self.facts_at(span)))
        return next(told, spans[0]) if self.note.language == "en" else spans[0]

    def is_reasoning(self, span: Span) -> bool:
        """True where the line that ``span`` stands in gives reasons, not orders."""
        start = self.line_start(span)
        return _REASONING.match(self.quote(Span(start, max(span.end, start)))) is not None

    def near(self, span: Span, words: str) -> Span | None:
        """Where ``words`` stand in the line of ``span``, the place next to it."""
        start = self.line_start(span)
        places = []
        at = self.text.find(words, start)
        while start <= at < span.end + _REACH:
            places.append(Span(at, at + len(words)))
            at = self.text.find(words, at + 1)
        return min(places, key=lambda place: abs(place.start - span.end), default=None)

    def with_heading(self, span: Span) -> Span:
        """A section's first sentence with the heading on its line (ECG: sinus rhythm)."""
        section = self.note.section_at(span.start)
        named = section is not None and section.id in _NAMED_BY_HEADING
        if section is None or not named or self.text[section.body.start : span.start].strip():
            return span
        whole = Span(section.heading_span.start, span.end)
        return whole if "\n" not in self.text[whole.start : span.start] else span

    def sentence_of(self, span: Span) -> Span:
        """The sentence ``span`` stands in, or of a long Chinese one the clause."""
        section = self.note.section_at(span.start)
        whole = section.body if section and section.body.contains(span) else self.scope
        for sentence in self.cut(whole.start, whole.end):
            if sentence.contains(span):
                if len(self.quote(sentence)) <= _LONG or self.note.language == "en":
                    return sentence
                clauses = (clause for clause in self.clauses(sentence) if clause.contains(span))
                return next(clauses, sentence)
        return span

    def clause_of(self, span: Span) -> Span:
        """The clause ``span`` stands in."""
        return next((c for c in self.clauses(self.sentence_of(span)) if c.contains(span)), span)

    def part_with(self, span: Span, words: tuple[str, ...]) -> Span | None:
        """The sentence, or of a long one the clauses around one of ``words`` (folded).

        None where the words are not in it or are only denied.
        """
        chinese = self.note.language == "zh"
        clauses = list(self.clauses(span)) if chinese else [span]
        hits = [
            index
            for index, clause in enumerate(clauses)
            if self._says(clause, words) and not self.denied(clause)
        ]
        if not hits:
            return None
        if not chinese or len(self.quote(span)) <= _LONG:
            return span
        last = min(hits[-1] if hits[-1] - hits[0] < 3 else hits[0] + 1, len(clauses) - 1)
        return Span(clauses[hits[0]].start, clauses[last].end)

    def _says(self, clause: Span, words: tuple[str, ...]) -> bool:
        said = self.quote(clause)
        if self.note.language == "en":
            return has_cue(said, words)
        negative = tuple(word for word in words if word.startswith(_NEGATIVE))
        other = tuple(word for word in words if not word.startswith(_NEGATIVE))
        return has_cue(said, negative) or has_cue(_NOT_DONE.sub("", said), other)

    def mentions(self, words: Iterable[str], ids: frozenset[str] | None = None) -> bool:
        """True where the note (or these sections of it) holds one of ``words``, denied or not."""
        folded = tuple(word.casefold() for word in words)
        if ids is None:
            return has_cue(self.text, folded)
        bodies = (self.text[body.start : body.end] for body in self.bodies(ids))
        return any(has_cue(body, folded) for body in bodies)
