"""The check of written codes against the diagnoses they stand beside and the patient's sex."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice

from doctorflan_icd10 import catalogue
from doctorflan_icd10.agreement import agree
from doctorflan_icd10.catalogue import data, title, within
from doctorflan_icd10.stated import code_of, is_stated
from doctorflan_icd10.written import Written, codes_in
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.notes.model import Fact
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_ITEM_END = re.compile(r"[；;。]")
# A note with more is written in another classification.
_MOST = 100


@cache
def rules() -> dict[str, Rule]:
    """The rules of ``data/rules.toml``."""
    table = data("rules")
    source = Bilingual(**table["source"])
    return {
        row["id"]: Rule(row["id"], "information", Bilingual(row["zh"], row["en"]), source)
        for row in table["rule"]
    }


def code_check() -> Check:
    """The check; the codes are read here, so that a run of it need not wait for them."""
    catalogue.by_name()
    return Check("codes", tuple(rules().values()), lambda scope: islice(find(scope), _MOST))


def find(scope: Scope) -> Iterator[Finding]:
    """What is to be said of the codes of ``scope``."""
    note = scope.note
    for line, facts in _lines(note, [fact for fact in scope.facts if is_stated(fact)]):
        for written, beside in _pairs(note, line, facts):
            if scope.whole or written.span.overlaps(scope.span):
                yield from _about(note, written, beside)


def _lines(note: Note, facts: Sequence[Fact]) -> Iterator[tuple[Span, list[Fact]]]:
    """The lines that ``facts`` stand on, each with all diagnoses stated there."""
    starts = dict.fromkeys(note.text.line_of(fact.span.start) for fact in facts)
    for number in starts:
        line = note.text.line_span(number)
        yield line, [fact for fact in note.facts_in(line) if is_stated(fact)]


def _pairs(note: Note, line: Span, facts: list[Fact]) -> Iterator[tuple[Written, list[Fact]]]:
    """Each code of ``line`` with the diagnoses it may be meant for: those right before it.

    A code that opens an item (``J18.9 肺炎``) is meant for those after it.
    """
    text = note.slice(line)
    codes = codes_in(text, line.start)
    ends = [line.start + end.end() for end in _ITEM_END.finditer(text)]
    done = line.start
    for at, written in enumerate(codes):
        start = max([done, *(end for end in ends if end <= written.span.start)])
        following = codes[at + 1].span.start if at + 1 < len(codes) else line.end
        stop = min([following, *(end for end in ends if end > written.span.end)])
        before = partial(_starting, facts, start, written.span.start)
        after = partial(_starting, facts, written.span.end, stop)
        # The second of a pair (E11.2†N08.3*) belongs to what the first belongs to.
        beside = before() or after()
        if beside:
            yield written, beside
            done = written.span.end


def _starting(facts: list[Fact], start: int, stop: int) -> list[Fact]:
    return [fact for fact in facts if start <= fact.span.start < stop]


def _about(note: Note, written: Written, beside: list[Fact]) -> Iterator[Finding]:
    if written.is_unknown(note.language):
        yield Finding(rules()["unknown-code"], written.span, {"code": written.text})
        return
    known = written.known()
    if known is None:
        return
    fields = {"code": written.text, "title": title(known)}
    for sex in ("female", "male"):
        if within(known, data("rules")["sex"][sex]) and note.sex not in (None, sex):
            shown = data("rules")["sex"]["names"]
            sexes = {"only": Bilingual(**shown[sex]), "sex": Bilingual(**shown[note.sex])}
            yield Finding(rules()["other-sex"], written.span, {**fields, **sexes})
    meant = [(fact, code_of(note, fact)) for fact in beside]
    # A diagnosis without a code of its own may be what the code is for.
    coded = [(fact, code) for fact, code in meant if code is not None]
    if len(coded) < len(meant) or any(agree(known, code, fact.text) for fact, code in coded):
        return
    fact, code = coded[-1]
    usual = {"name": fact.text, "usual": code, "usual_title": title(code)}
    yield Finding(rules()["other-disease"], written.span, {**fields, **usual})
