"""What makes a required part or a small item count as recorded; ``data/rules/items.toml`` says it.

A part is recorded where it has a section, and an item (a name, a date, a vital sign) where its
words stand in the text. "None" and a denial are records; silence is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.headings import section_kind, title
from doctorflan_ls.notes.model import Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_STEM = "items"
# Where labels stand in a row, what follows an empty one is the next label: "职业：  民族：汉".
_FILLED = r"(?:\s*[:：|｜】]\s*|[ \t\u3000]+)(?![\u4e00-\u9fff]{2,8}\s*[:：|｜])[^\s:：|｜]"
_EMPTY = r"\s*[:：][ \t\u3000]*(?=$|[\u4e00-\u9fff]{2,8}\s*[:：])"
_NOT = "-"
_LAST = 200


class Item(NamedTuple):
    """An item and the words that record it; ``write`` is the label that a quick fix inserts.

    ``words`` count anywhere, ``head`` only before the first section, ``last`` on the last line;
    ``filled`` is its label with something behind it, ``empty`` with nothing.
    """

    id: str
    name: Bilingual
    write: Bilingual
    words: re.Pattern[str] | None = None
    filled: re.Pattern[str] | None = None
    empty: re.Pattern[str] | None = None
    head: re.Pattern[str] | None = None
    last: re.Pattern[str] | None = None


@lru_cache(maxsize=8)
def items(table: RuleTable) -> Mapping[str, Item]:
    """The items by id, compiled."""
    return {key: _item(key, row) for key, row in table.data[_STEM]["item"].items()}


def _item(key: str, row: Mapping[str, str]) -> Item:
    name = Bilingual(row.get("zh", title(key, "zh")), row.get("en", title(key, "en")))
    written = row.get("write")
    label = f"(?:{row['label']})" if "label" in row else ""
    return Item(
        key,
        name,
        name if written is None else Bilingual(written, name.en),
        re.compile(row["words"], re.MULTILINE) if "words" in row else None,
        re.compile(label + _FILLED) if label else None,
        re.compile(label + _EMPTY, re.MULTILINE) if label else None,
        re.compile(row["head"], re.MULTILINE) if "head" in row else None,
        re.compile(row["last"]) if "last" in row else None,
    )


def item(table: RuleTable, key: str) -> Item:
    """The item ``key``; a part that has none is known by its section alone."""
    known = items(table).get(key)
    if known is not None:
        return known
    name = Bilingual(title(key, "zh"), title(key, "en"))
    return Item(key, name, name)


def document(table: RuleTable, doc_type: str | None) -> Mapping[str, Any]:
    """What items.toml says of documents of this type."""
    row: Mapping[str, Any] = table.data[_STEM]["document"].get(doc_type or "", {})
    return row


def data(table: RuleTable, key: str) -> Mapping[str, Any]:
    """A table of items.toml."""
    row: Mapping[str, Any] = table.data[_STEM][key]
    return row


def groups(table: RuleTable, doc_type: str | None) -> Mapping[str, Mapping[str, Any]]:
    """The groups of items that sections of such documents have to hold."""
    return {key: row for key, row in data(table, "group").items() if doc_type in row["documents"]}


@lru_cache(maxsize=64)
def _looked_for(table: RuleTable, doc_type: str) -> tuple[Item, ...]:
    row = doctype.doc_type(doc_type)
    parts: Iterable[str] = doctype.required_sections(doc_type, female=True)
    if row is not None and row.language == "en":
        # The words are Chinese ones, but for a signature's.
        parts = [part for part in parts if part == "signature"]
    told = document(table, doc_type)
    wanted = [*table.parts_of.get(doc_type, parts), *told.get("general", ()), "signature"]
    wanted += told.get("more", ())
    for group in groups(table, doc_type).values():
        wanted += group["items"] if group.get("anywhere", False) else ()
    known = items(table)
    return tuple(known[key] for key in dict.fromkeys(wanted) if key in known)


def _written(part: Scope) -> Iterator[str]:
    text = part.words(part.span)
    for each in _looked_for(part.table, part.note.doc_type or ""):
        if each.filled is not None and each.filled.search(text):
            yield each.id
        elif each.empty is not None and each.empty.search(text):
            yield _NOT + each.id
        elif each.words is not None and each.words.search(text):
            yield each.id


def parts_of(at: Scope, section: Section) -> tuple[Section, ...]:
    """The sections inside ``section``; short items (a signature below the last part) are none."""
    return tuple(
        each
        for each in at.sections
        if each.level > section.level
        and section.span.contains(each.span)
        and ((kind := section_kind(each.id)) is None or not kind.field)
    )


def is_record_sized(at: Scope) -> bool:
    """False for a text too long to be one record, whose small items nobody can ask for."""
    return bool(len(at.note.text) <= data(at.table, "limits")["longest"])


def written(at: Scope) -> frozenset[str]:
    """The ids of the items whose words stand in the note; asked of the whole note only."""
    found = {key for _, key in at.gather(_written)}
    head, last = head_of(at.note, at.table), _last_line(at.note)
    for each in _looked_for(at.table, at.note.doc_type or ""):
        if each.head is not None and each.head.search(head):
            found.add(each.id)
        if each.last is not None and each.last.search(last):
            found.add(each.id)
    return frozenset(key for key in found if _NOT + key not in found)


def head_of(note: Note, table: RuleTable) -> str:
    """What stands before the first section, titles and short items in their lines included."""
    end = note.front + data(table, "limits")["head"]
    for section in note.sections:
        kind = section_kind(section.id)
        is_title = section.id == "attending_opinion" and section.heading_span.start < end
        if not is_title and (kind is None or not kind.field):
            end = min(end, section.span.start)
            break
    return note.slice(Span(note.front, end))


def _last_line(note: Note) -> str:
    if note.draft_blocks and not note.slice(Span(note.draft_blocks[-1].span.end, len(note.text))):
        return ""
    size = len(note.text)
    tail = note.slice(Span(max(size - _LAST, note.front), size)).rstrip()
    line = tail.rpartition("\n")[2].strip()
    # An empty heading at the end is no name.
    return "" if note.sections and note.sections[-1].heading in line else line


def rule_of(table: RuleTable, doc_type: str | None, part: str) -> Rule | None:
    """The rule that reports ``part`` (an item of `general` by its own or the document's) missing
    from ``doc_type``; None where none does."""
    told = document(table, doc_type).get("parts", {})
    rule_id = told.get(part)
    if rule_id is None and part == "signature":
        row = doctype.doc_type(doc_type or "")
        signed = data(table, "signature")
        if row is None or row.language != "zh" or doc_type in signed["without"]:
            return None
        rule_id = signed["rule"]
    if rule_id is None and part in document(table, doc_type).get("general", ()):
        rule_id = told.get("general")
    return table.rule_for(doc_type, part) if rule_id is None else table.rules[rule_id]


def guessed(note: Note, table: RuleTable, rule: Rule) -> Rule:
    """``rule`` as it is reported of this note: milder where the type is only guessed."""
    if note.stated_type is not None:
        return rule
    return replace(rule, severity=data(table, "guessed")[rule.severity])


def is_of_age(note: Note, table: RuleTable, key: str) -> bool:
    """False where the patient's age is known to be outside the ages that are asked for ``key``."""
    ages, years = data(table, "ages").get(key), note.patient.age_years
    return ages is None or years is None or bool(ages[0] <= years <= ages[1])


def said(row: Mapping[str, str], **fields: str) -> Bilingual:
    """The words of ``row`` in both languages with ``fields`` in their places."""
    return Bilingual(row["zh"].format_map(fields), row["en"].format_map(fields))


def named(table: RuleTable, keys: Iterable[str]) -> Bilingual:
    """The items of these ids, listed."""
    names = [item(table, key).name for key in keys]
    return Bilingual("、".join(each.zh for each in names), ", ".join(each.en for each in names))
