"""The selector over drugs: which are current, ordered or stopped, as the note writes them."""

from __future__ import annotations

import re
from collections.abc import Callable

from doctorflan_ls.lexicon import table
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.conflicts import warnings
from doctorflan_ls.models.skeleton.drug_use import (
    begun,
    current,
    earlier,
    failure,
    is_anticoagulant,
    is_class,
    ordered,
    taken_once,
)
from doctorflan_ls.models.skeleton.lines import Line, Piece, Query
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.text import Span

# "metformin to 1000 mg": the word before the amount belongs to the verb.
_LINK = re.compile(r"\s+(?:to|at|of)\s+(?=\d)")
_CONDITION = re.compile(r"\b(?:if|unless)\b[^,;:\n]{4,60}", re.IGNORECASE)
# How far before a drug the verb that changes it may stand.
_VERB = 80


_DRUGS: dict[str, Callable[[Case, Fact], bool]] = {
    "all": lambda _, fact: fact.status not in ("stopped", "avoid"),
    "plan": lambda case, fact: (
        begun(case, fact) or (fact.status not in ("stopped", "avoid") and ordered(case, fact))
    ),
    "ordered": lambda case, fact: fact.status not in ("stopped", "avoid") and ordered(case, fact),
    "current": current,
    "unnamed": lambda case, fact: (
        any(ordered(case, other) for other in case.drugs)
        and current(case, fact)
        and failure(case, fact) is None
    ),
    "once": taken_once,
    "stopped": lambda _, fact: fact.status in ("stopped", "avoid"),
    "anticoagulant": lambda _, fact: is_anticoagulant(fact),
}


def drugs(case: Case, query: Query) -> list[Line]:
    """Drugs as written: ``all``, ``plan`` (new, changed or in a plan), ``ordered``
    (in a plan), ``current``, ``unnamed`` (taken so far and not named in a plan that names
    others), ``once`` (taken or given before this visit), ``stopped``, ``anticoagulant``,
    ``duplicates``; a drug that conflicts with a recorded allergy with a warning; with
    ``complete=1`` what each lacks becomes a gap."""
    if query.argument == "duplicates":
        return _duplicates(case)
    told: dict[str, list[Fact]] = {}
    wanted = _DRUGS[query.argument]
    left_out = _left_out(case, query.argument)
    for fact in case.drugs:
        failed = query.argument in ("plan", "ordered") and failure(case, fact) is not None
        if wanted(case, fact) and not failed and fact.name not in left_out:
            told.setdefault(fact.name.casefold(), []).append(fact)
    complete = "complete" in query.options
    limit = query.limit(15)
    chosen = [_chosen(case, mentions) for mentions in told.values()]
    if "list" in query.options or complete:
        return [Line(_drug(case, fact, others, query)) for fact, others in chosen][:limit]
    pieces = [_in_a_row(case, fact) for fact, _ in chosen]
    return case.joined(pieces, limit, query.label)


def _left_out(case: Case, which: str) -> set[str]:
    """The drugs that are not to be listed: among the unnamed those that the plan names or the
    note stops; of an English note those its plan stops, and among the current those that it only
    now begins."""
    if which == "unnamed":
        return {
            fact.name
            for fact in case.drugs
            if fact.status in ("stopped", "avoid")
            or (case.place(fact.span) == "plan" and not case.is_reasoning(fact.span))
        }
    if case.note.language != "en" or which not in ("plan", "ordered", "current"):
        return set()
    found = case.drugs
    planned = [fact for fact in found if case.place(fact.span) == "plan"]
    if which == "current":
        known = {fact.name for fact in found if fact not in planned}
        return {fact.name for fact in planned if fact.status == "new"} - known
    return {fact.name for fact in planned if fact.status in ("stopped", "avoid")}


def _chosen(case: Case, mentions: list[Fact]) -> tuple[Fact, list[Fact]]:
    """The mention to show, and those of another dose: what is ordered now goes before what was
    taken, then the newest dose, then the mention that says most of how the drug is taken."""
    name = mentions[0].name
    stops = [f for f in case.drugs if f.name == name and f.status in ("stopped", "avoid")]
    if case.note.language == "en" and any(case.place(f.span) == "plan" for f in stops):
        fullest = stops[-1]
        for fact in mentions:
            fullest = _fuller(fullest, fact)
        return fullest._replace(status=stops[-1].status), []
    latest = [fact for fact in mentions if begun(case, fact)]
    if case.note.language == "en":
        latest += [fact for fact in mentions if fact not in latest and ordered(case, fact)]
        latest = [fact for fact in latest if fact.dose] or latest
    if latest:
        newest = latest[0]
    else:
        listed = [fact for fact in mentions if fact.section == "medications" and fact.dose]
        newest = (listed or [fact for fact in mentions if fact.dose] or mentions)[-1]
    chosen = newest
    for fact in latest or mentions:
        if latest or fact.dose in (newest.dose, None):
            chosen = _fuller(chosen, fact)
    chosen = _continued(case, chosen)
    doses = {fact.dose: fact for fact in mentions if fact.dose and fact.dose != chosen.dose}
    return chosen, list(doses.values()) if chosen.dose else []


def _fuller(one: Fact, other: Fact) -> Fact:
    """The mention that says more about how the drug is taken."""
    known = (one.dose, one.route, one.frequency), (other.dose, other.route, other.frequency)
    if known[1].count(None) < known[0].count(None):
        return other
    return one


def _continued(case: Case, fact: Fact) -> Fact:
    """Of a drug that goes on as it was, the mention that says how it is taken."""
    if fact.status != "current":
        return fact
    same = (f for f in case.drugs if f.name == fact.name and f.status in ("current", None))
    for other in same:
        fact = _fuller(fact, other)
    return fact


def _written(case: Case, fact: Fact) -> Piece:
    """The drug as written, a dose, route or frequency that stands apart set behind it."""
    words, evidence = _LINK.sub(" ", case.quote(fact.span)), [fact.span]
    for part in (fact.dose, fact.route, fact.frequency):
        place = case.near(fact.span, part) if part and part not in words else None
        if part and place:
            words, evidence = f"{words} {part}", [*evidence, place]
    return Piece(words, tuple(evidence))


def _in_a_row(case: Case, fact: Fact) -> Piece:
    """The drug as one item of a line: an English one with what came of it, each with its
    warning."""
    words, evidence = _written(case, fact)[:2]
    failed = failure(case, fact)
    if case.note.language == "en" and failed:
        said = case.word("tried", result=case.quote(failed))
        words, evidence = f"{words} ({said})", (*evidence, failed)
    elif case.note.language == "en" and fact.status in ("stopped", "avoid"):
        words = f"{words} ({case.word(f'status_{fact.status}')})"
    for warning in warnings(case, fact):
        words, evidence = words + warning.text, (*evidence, *warning.evidence)
    return Piece(words, evidence)


def _drug(case: Case, fact: Fact, others: list[Fact], query: Query) -> tuple[Piece, ...]:
    pieces = [_written(case, fact), *_remarks(case, fact, others, query.argument)]
    pieces += warnings(case, fact)
    if "complete" in query.options and is_class(fact):
        pieces += [Piece(" "), Piece(case.word("gap", ask=case.word("which_drug")), gap=True)]
    elif "complete" in query.options and not taken_once(case, fact):
        keys = ("dose", "route", "frequency")
        lacking = [case.word(key) for key in keys if getattr(fact, key) is None]
        if lacking:
            ask = case.word("comma").join(lacking)
            pieces += [Piece(" "), Piece(case.word("gap", ask=ask), gap=True)]
    return tuple(pieces)


def _remarks(case: Case, fact: Fact, others: list[Fact], which: str) -> list[Piece]:
    """What the note says of a drug beside its dose: taken before, not named by the plan; of an
    English one also begun, changed, tried, under which condition, in which other dose."""
    remarks = []
    english = case.note.language == "en"
    failed = failure(case, fact)
    if failed:
        remarks.append(Piece(case.word("tried", result=case.quote(failed)), (failed,)))
    elif taken_once(case, fact) and which != "once":
        remarks.append(Piece(case.word("used"), (case.clause_of(fact.span),)))
    elif english:
        remarks += _change(case, fact, known=bool(others))
    if which == "unnamed":
        remarks.append(Piece(case.word("unnamed"), (fact.span,)))
    before = Span(_sentence_start(case, fact.span), fact.span.start)
    condition = _CONDITION.search(case.text, before.start, before.end) if english else None
    if condition:
        span = Span(*condition.span())
        remarks.append(Piece(case.quote(span).lower(), (span,)))
    for other in others if english else ():
        remarks.append(Piece(case.word("also_dose", dose=other.dose), (other.span,)))
    if not remarks:
        return []
    opening, between, closing = "（；）" if case.language == "zh" else (" (", "; ", ")")
    row: list[Piece] = []
    for remark in remarks:
        row += [Piece(between if row else opening), remark]
    return [*row, Piece(closing)]


def _change(case: Case, fact: Fact, *, known: bool) -> list[Piece]:
    """The drug's status in one word, with the verb of the note that says so.

    A drug ``known`` in another dose is changed, not new.
    """
    if earlier(case, fact):
        return [Piece(case.word("status_earlier"), (case.sentence_of(fact.span),))]
    if not begun(case, fact) and fact.status not in ("stopped", "avoid"):
        return []
    start = max(_sentence_start(case, fact.span), fact.span.start - _VERB)
    said = "changed" if known and fact.status == "new" else str(fact.status)
    evidence = [fact.span]
    places = []
    for word, stems in table("skeleton")["drug_changes"].items():
        pattern = r"\b(?:" + "|".join(stems) + r")\w*"
        found = re.finditer(pattern, case.text[start : fact.span.start], re.IGNORECASE)
        places += [(Span(start + verb.start(), start + verb.end()), word) for verb in found]
    if said == "changed" and places:
        verb, said = max(places)
        evidence.append(verb)
    return [Piece(case.word(f"status_{said}"), tuple(evidence))]


def _sentence_start(case: Case, span: Span) -> int:
    return case.sentence_of(span).start


def _duplicates(case: Case) -> list[Line]:
    told: dict[str, list[Fact]] = {}
    for fact in case.drugs:
        if ordered(case, fact) and fact.status not in ("stopped", "avoid"):
            told.setdefault(fact.name.casefold(), []).append(fact)
    lines = []
    for mentions in told.values():
        if len({fact.dose for fact in mentions if fact.dose}) > 1:
            spans = tuple(fact.span for fact in mentions)
            words = case.quote(spans[0]), case.word("duplicate", count=len(spans))
            lines.append(Line((Piece(case.word("colon").join(words), spans),)))
    return lines
