"""How the note says that a drug is used: ordered, begun, taken so far, taken once, of no help."""

from __future__ import annotations

from doctorflan_ls.cross_allergy import drug_groups
from doctorflan_ls.lexicon import cues, has_cue, table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.notes.facts.vocabulary import scan
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span


def is_anticoagulant(fact: Fact) -> bool:
    """True for a drug of an anticoagulant or antiplatelet class."""
    return bool(drug_groups(fact) & frozenset(table("skeleton")["safety"]["anticoagulant_groups"]))


def is_class(fact: Fact) -> bool:
    """True where the note names a class (blood pressure medication), not a drug."""
    kinds = {match.term.kind for match in scan(fact.text)}
    return "drug_class" in kinds and "drug" not in kinds


def taken_once(case: Case, fact: Fact) -> bool:
    """True for a dose taken or given before this visit, as the present history tells, or that the
    plan says was given."""
    told = case.place(fact.span) in ("history", "chief_complaint")
    words = cues("taken_once" if told else "already_given")
    if not (told or case.place(fact.span) == "plan") or fact.frequency is not None:
        return False
    if fact.status in ("changed", "stopped", "avoid"):
        return False
    clause = case.clause_of(fact.span)
    before = case.quote(Span(clause.start, fact.span.end))
    regular = has_cue(case.quote(clause), cues("taken_regularly"))
    return has_cue(before, words) and not regular


def ordered(case: Case, fact: Fact) -> bool:
    """True for a drug in a plan, not in the reasons for it."""
    return case.place(fact.span) == "plan" and not case.is_reasoning(fact.span)


def begun(case: Case, fact: Fact) -> bool:
    """True for a drug that is begun or changed now; what the history says was given is not,
    and an English one tells of earlier ones."""
    if fact.status not in ("new", "changed"):
        return False
    if case.note.language == "zh" and not taken_once(case, fact):
        return True
    return not case.plans or ordered(case, fact)


def current(case: Case, fact: Fact) -> bool:
    """True for a drug taken before the plan, or (English) one that the plan continues."""
    if fact.assertion == "historical" or earlier(case, fact) or taken_once(case, fact):
        return False
    if case.note.language == "en" and fact.status == "current":
        return True
    taken = fact.status in ("current", "changed", None) or (
        case.note.language == "en" and case.plans and fact.status == "new"
    )
    return taken and (case.place(fact.span) != "plan" or case.is_reasoning(fact.span))


def earlier(case: Case, fact: Fact) -> bool:
    """True where the sentence of an English drug tells of an earlier illness."""
    if case.note.language == "zh":
        return False
    return has_cue(case.quote(case.sentence_of(fact.span)), cues("earlier"))


def failure(case: Case, fact: Fact) -> Span | None:
    """Where the sentence of an English drug that was tried says that it did not help."""
    if case.note.language != "en" or fact.status in ("new", "changed"):
        return None
    sentence = case.sentence_of(fact.span)
    said = case.text[fact.span.end : sentence.end].casefold()
    before = case.text[sentence.start : fact.span.start].casefold()
    for words in cues("did_not_help"):
        at = said.find(words)
        if at >= 0:
            return Span(fact.span.end + at, fact.span.end + at + len(words))
        if words.startswith("fail") and words in before:
            at = sentence.start + before.rfind(words)
            return Span(at, at + len(words))
    return None
