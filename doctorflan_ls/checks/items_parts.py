"""Required parts and small items that a document has not got, and headings without content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from doctorflan_ls.checks.items import (
    data,
    document,
    guessed,
    is_of_age,
    is_record_sized,
    item,
    items,
    named,
    parts_of,
    rule_of,
    written,
)
from doctorflan_ls.checks.items_place import headings
from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.parts import first_line, required_parts
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_SIGNATURE = "signature"
_BLANKS = " \t\r\n\u3000:：。．."


def checks() -> Iterator[Check]:
    """The checks of this module, each with the rules it reports."""
    table = rule_table()
    ids = {
        *table.required.values(),
        *table.required_parts.values(),
        data(table, "signature")["rule"],
    }
    for row in data(table, "document").values():
        ids.update(row.get("parts", {}).values())
    rules = tuple(table.rules[each] for each in sorted(ids))
    yield Check("missing-parts", rules, missing)
    yield Check("empty-parts", rules, empty)


def asked(note: Note, table: RuleTable) -> tuple[str, ...]:
    """The parts and items that the note's type asks for, in order.

    Small ones (dates, names, general items, a signature) only where the type is stated.
    """
    stated = note.stated_type is not None
    told = document(table, note.doc_type)
    keys: list[str] = []
    for part in required_parts(note, note.doc_type, table, small=stated):
        keys += told.get("general", ()) if part == "general" else (part,)
    if stated:
        at = keys.index(_SIGNATURE) if _SIGNATURE in keys else len(keys)
        keys[at:at] = told.get("more", ())
    if _SIGNATURE not in keys and stated and keys:
        keys.append(_SIGNATURE)
    return tuple(key for key in dict.fromkeys(keys) if is_of_age(note, table, key))


def missing(at: Scope) -> Iterator[Finding]:
    """What the document type asks for and the note has not got: one finding for each rule, at the
    note's first line."""
    # Whether the whole document lacks a part is not asked of a piece of it.
    if not at.whole or at.note.doc_type is None:
        return
    note, table = at.note, at.table
    order = asked(note, table)
    mild = set(document(table, note.doc_type).get("mild", ()))
    lacking: dict[Rule, list[str]] = {}
    for part in _unrecorded(at, order):
        rule = rule_of(table, note.doc_type, part)
        if rule is not None:
            lacking.setdefault(rule, []).append(part)
    first = first_line(note)
    for rule, parts in lacking.items():
        unsigned = note.sections_of(_SIGNATURE) if parts == [_SIGNATURE] else ()
        if unsigned:
            fields = {"part": named(table, parts), "problem": table.empty}
            yield Finding(rule, unsigned[-1].heading_span, fields)
            continue
        fields = {"part": named(table, parts), "problem": table.missing}
        fix = headings(note, table, parts, order)
        is_mild = rule.severity == "error" and mild.issuperset(parts)
        told = replace(rule, severity="warning") if is_mild else rule
        yield Finding(guessed(note, table, told), first, fields, fixes=(fix,))


def _unrecorded(at: Scope, order: Sequence[str]) -> Iterator[str]:
    note, table = at.note, at.table
    present = {section.id for section in note.sections}
    told = document(table, note.doc_type)
    general = frozenset(told.get("general", ()))
    inside, strict = told.get("instead", {}), told.get("strict", ())
    headed = told.get("headed", ()) if note.stated_type is not None else ()
    sized = is_record_sized(at)
    words = written(at).union(_told(at)) if sized else frozenset(items(table))
    absent = []
    for key in order:
        instead = (*(() if key in strict else table.instead.get(key, ())), *inside.get(key, ()))
        # General items and a signature count where something stands behind their label.
        by_section = key not in general and (key in present or not present.isdisjoint(instead))
        by_section = by_section and not (sized and key == _SIGNATURE)
        if told.get("opening") == key and _opens_with_text(note, table):
            continue
        if not by_section and (key not in words or key in headed):
            absent.append(key)
    return iter(_of_the_half_there(note, table, order, absent))


def _told(at: Scope) -> Iterable[str]:
    """What is known of the note beside its text, and so need not stand in it."""
    context = at.context
    for key, ids in data(at.table, "told").items():
        if getattr(context, key) is not None:
            yield from ids


def _opens_with_text(note: Note, table: RuleTable) -> bool:
    first = note.sections[0].span.start if note.sections else len(note.text)
    return bool(first - note.front >= data(table, "limits")["shortest"])


def _of_the_half_there(
    note: Note, table: RuleTable, order: Sequence[str], absent: list[str]
) -> list[str]:
    """``absent`` without what belongs to a half of the document that is not there at all."""
    halves = data(table, "halves").get(note.doc_type or "", {}).values()
    gone = [half for half in halves if set(half) & set(order) <= set(absent)]
    if not gone or len(gone) == len(halves):
        return absent
    return [key for key in absent if not any(key in half for half in gone)]


def empty(at: Scope) -> Iterator[Finding]:
    """Required parts that are a heading and nothing else, and stand under no other one."""
    note, table = at.note, at.table
    if not at.whole or note.doc_type is None:
        return
    small = note.stated_type is not None
    told = document(table, note.doc_type)
    # Whether it is signed is asked of the whole document, which may have several such lines.
    others = {"general", _SIGNATURE, *told.get("general", ())}
    required = set(required_parts(note, note.doc_type, table, small=small)) - others
    claims = list(at.gather(_headings))
    filled = {part for _, (part, _, is_empty) in claims if not is_empty}
    for start, (part, heading, is_empty) in claims:
        instead = (part, *table.instead.get(part, ()), *told.get("instead", {}).get(part, ()))
        rule = rule_of(table, note.doc_type, part) if is_empty and part in required else None
        if rule is not None and filled.isdisjoint(instead):
            fields = {"part": item(table, part).name, "problem": table.empty}
            span = Span(start + heading.start, start + heading.end)
            yield Finding(guessed(note, table, rule), span, fields)


def _headings(part: Scope) -> Iterator[tuple[str, Span, bool]]:
    """Each section of ``part``: its id, its heading, and whether there is nothing behind it."""
    for section in part.sections:
        heading, start = section.heading_span, part.span.start
        is_empty = not part.words(section.body).strip(_BLANKS) and not parts_of(part, section)
        yield section.id, Span(heading.start - start, heading.end - start), is_empty
