"""Symptoms and signs, with what the note says of each: present, denied, how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from doctorflan_ls.notes.facts import assertion
from doctorflan_ls.notes.facts.timing import duration_near
from doctorflan_ls.notes.facts.vocabulary import Match, lookup, matches, site_before
from doctorflan_ls.notes.model import Fact, FactKind, Sentence
from doctorflan_ls.text import Span

# Heads that say little without the body site before them.
_GENERAL = frozenset(
    {"pain", "swelling", "numbness", "itching", "weakness", "discomfort", "paresthesia"}
)
# 肝脾肋下未及 is one phrase: the organ is the finding that is missing.
_SELF_DENIED = re.compile("未(?:触|扪)?及")
_SIDE = re.compile(r"(?:[左右双两]侧?|\b(?:left|right|bilateral)\s)$", re.IGNORECASE)


def find(sentence: Sentence) -> Iterable[Fact]:
    """The symptoms and signs of ``sentence``."""
    facts: dict[Span, Fact] = {}
    for match in matches(sentence.text, "symptom", "sign"):
        fact = _fact(sentence, match)
        if fact is not None:
            facts[fact.span] = fact
    return facts.values()


def _fact(sentence: Sentence, match: Match) -> Fact | None:
    start, name = _with_site(sentence, match)
    span = Span(start, match.end)
    kind: FactKind = "sign" if match.term.kind == "sign" else "symptom"
    reading = assertion.read(sentence, match.span, kind)
    if _SELF_DENIED.search(sentence.text, match.start, match.end):
        reading = assertion.Reading("denied", "NEG")
    if reading.assertion is None:
        return None
    return Fact(
        kind=kind,
        text=sentence.text[span.start : span.end],
        span=span,
        name=name,
        flag=reading.flag,
        assertion=reading.assertion,
        duration=duration_near(sentence.text, span),
        section=sentence.section,
    )


def _with_site(sentence: Sentence, match: Match) -> tuple[int, str]:
    """The match widened to the body site before it, and the name of the two together."""
    name = match.term.name(sentence.language)
    site = site_before(sentence.text, match.start)
    if site is None:
        side = _SIDE.search(sentence.text[max(match.start - 10, 0) : match.start])
        return match.start - (len(side.group()) if side else 0), name
    start = match.start - (len(site.string) - site.start())
    start += len(site.group()) - len(site.group().lstrip("及、和有 "))
    if match.term.name_en not in _GENERAL:
        return start, name
    head = sentence.text[match.start : match.end]
    core = site["site"]
    for whole in _wholes(core, head):
        known = lookup(whole)
        if known is not None and known.kind in ("symptom", "sign"):
            return start, known.name(sentence.language)
    joiner = "" if not core.isascii() else " "
    return start, f"{core}{joiner}{name if core.isascii() else head}"


def _wholes(site: str, head: str) -> Iterator[str]:
    if site.isascii():
        yield f"{site} {head}"
        return
    yield site + head
    yield f"{site}痛" if head.endswith("痛") else f"{site}部{head}"
