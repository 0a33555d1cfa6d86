"""What a selector reads: the prompt's note, its patient and its facts in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from doctorflan_ls.lexicon import cues, group, has_cue, table
from doctorflan_ls.models.skeleton.lines import Line, Piece
from doctorflan_ls.models.skeleton.source import Source
from doctorflan_ls.notes.facts.vocabulary import lookup
from doctorflan_ls.notes.model import Fact, FactKind
from doctorflan_ls.notes.note import Note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.text import Span


def told_allergies(note: Note) -> Iterator[Fact]:
    """The allergies that the note's front matter tells, where it tells them."""
    front = note.slice(Span(0, note.front))
    begin = max(front.find("allergies"), 0)
    for name in note.front_matter.context.allergies:
        at = front.find(name, begin)
        if at >= 0:
            term = lookup(name)
            known = name if term is None else term.name(note.language)
            yield Fact("allergy", name, Span(at, at + len(name)), known)


class Case(Source):
    """A prompt's note as the selectors see it.

    A selection inside one section is the ``focus`` of the task; its facts then come from the
    whole note. A larger one limits what is read. Safety facts (allergies, age, sex, pregnancy,
    organ function) always come from the whole note.
    """

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.language = prompt.language
        self.focus = prompt.span
        super().__init__(prompt.note, prompt.scope())
        self.facts = prompt.note.facts_in(self.scope)
        self.all_facts = (*told_allergies(prompt.note), *prompt.note.facts)

    def word(self, key: str, **fields: object) -> str:
        """The skeleton's own word in the prompt's language."""
        words: str = table("skeleton")["words"][key][self.language]
        return words.format_map(fields) if fields else words

    def of(self, *kinds: FactKind) -> Iterator[Fact]:
        """The facts of these kinds in scope."""
        return (fact for fact in self.facts if fact.kind in kinds)

    def first(self, kind: FactKind) -> Fact | None:
        """The first fact of ``kind`` in the whole note."""
        return next((fact for fact in self.all_facts if fact.kind == kind), None)

    @cached_property
    def age(self) -> float | None:
        """The patient's age in years, where the note says it."""
        fact = self.first("age")
        return fact.value if fact and isinstance(fact.value, (int, float)) else None

    @cached_property
    def sex(self) -> str | None:
        """``male`` or ``female``, where the note says it."""
        fact = self.first("sex")
        return fact.value if fact and isinstance(fact.value, str) else None

    def suits(self, rule: dict[str, object]) -> bool:
        """True where the patient is one ``rule`` (sex, min_age, max_age) is meant for.

        Unknown sex or age never suits a rule that asks for it.
        """
        if "sex" in rule and rule["sex"] != self.sex:
            return False
        low, high = rule.get("min_age"), rule.get("max_age")
        if isinstance(low, int) and self.age is not None and self.age < low:
            return False
        return not isinstance(high, int) or (self.age is not None and self.age <= high)

    @cached_property
    def drugs(self) -> list[Fact]:
        """The drugs in scope: not the denied, not those named as allergens, and of the
        vaccines only those of a plan."""
        allergens = [fact.span for fact in self.all_facts if fact.kind == "allergy"]
        return [
            fact
            for fact in self.of("drug")
            if fact.assertion not in ("denied", "family")
            and fact.section != "allergies"
            and not any(span.overlaps(fact.span) for span in allergens)
            and (
                self.place(fact.span) == "plan"
                or not has_cue(f"{fact.name} {fact.text}", cues("vaccine"))
            )
        ]

    @cached_property
    def allergens(self) -> list[Fact]:
        """The recorded allergies of the whole note that are not denied."""
        return [f for f in self.all_facts if f.kind == "allergy" and f.assertion != "denied"]

    @cached_property
    def assessed(self) -> bool:
        """True where the note has an assessment; its impression is then a report's."""
        ids = {"assessment", "assessment_plan"}
        return any(section.id in ids for section in self.note.sections)

    @cached_property
    def plans(self) -> bool:
        """True where the note has a section for its plan."""
        return any(section.id in group("plan") for section in self.note.sections)

    def vitals_missing(self, names: Iterable[str]) -> list[str]:
        """Those of these vital signs that the note lacks, by their names in the draft's language.

        A heart rate stands for a pulse.
        """
        known = {
            fact.name
            for fact in self.all_facts
            if fact.kind == "vital" and fact.assertion != "historical"
        }
        known |= {"pulse"} if "heart_rate" in known else set()
        titles = table("skeleton")["vital_names"]
        return [titles[name][self.language] for name in names if name not in known]

    def line(self, span: Span, label: str = "") -> Line:
        """A line that quotes the sentence at ``span``."""
        return Line((Piece(self.quote(span), (span,)),), label, span)

    def joined(
        self, pieces: Iterable[Piece], limit: int, label: str = "", between: str = "comma"
    ) -> list[Line]:
        """One line of pieces with the language's list mark; what is past ``limit`` is counted."""
        unique = {piece.text.casefold(): piece for piece in reversed(list(pieces)) if piece.text}
        shown = list(reversed(unique.values()))
        if not shown:
            return []
        comma = Piece(self.word(between))
        row: list[Piece] = []
        limit += len(shown) == limit + 1
        for piece in shown[:limit]:
            row += [comma, piece] if row else [piece]
        if len(shown) > limit:
            row += [
                Piece(comma.text.rstrip("、；")),
                Piece(self.word("more", count=len(shown) - limit)),
            ]
        return [Line(tuple(row), label)]
