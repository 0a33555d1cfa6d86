"""Whether what a plugin hands over holds what its type says: Python does not look.

Only exact types pass. An object of a plugin's own class, a subclass of ``str`` too, would run the
plugin's code wherever it is looked at later, outside the fence.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, NoReturn, get_args

from doctorflan_ls.checks.model import Finding, Rule, Severity
from doctorflan_ls.models.base import Kind, ModelSpec
from doctorflan_ls.notes.facts.vocabulary import TermEntry, TermKind
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.prompts import ContextItem, Prompt
from doctorflan_ls.tasks.model import Bilingual, Element, Task
from doctorflan_ls.text import Span

_SECTION_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SEVERITIES = get_args(Severity)
# Cues decide what is denied, everywhere: no plugin adds to them. A trap hides only plugins' terms.
_TERM_KINDS = frozenset(get_args(TermKind)) - {"cue"}
_LONGEST_NAME = 120
_LEAST_NAME = 2
_LONGEST_TEXT = 2000
_LONGEST_INSTRUCTION = 1000
_MOST_ITEMS = 8
_MOST_INSTRUCTIONS = 16

MOST_FINDINGS = 200
"""More of one check or of one draft help nobody."""

_PLAIN = frozenset({str, int, float, bool, type(None)})
_OURS = frozenset(
    {Bilingual, ContextItem, Element, Finding, ModelSpec, Rule, SectionKind, Task, TermEntry}
)


class Misformed(ValueError):
    """What is wrong, in a few words that quote nothing of a note."""


def check_exact(value: object) -> None:
    """Raise Misformed where something in ``value`` is of a class that is not known here."""
    kind = type(value)
    if kind in _PLAIN:
        return
    parts: Collection[object]
    if isinstance(value, tuple | list) and kind in (tuple, list, Span):
        parts = value
    elif isinstance(value, dict | MappingProxyType) and kind in (dict, MappingProxyType):
        parts = [each for pair in value.items() for each in pair]
    elif kind in _OURS:
        held: Any = value
        parts = [getattr(held, each.name) for each in fields(held)]
    else:
        _refuse("a class of its own, or a value of another type")
    for part in parts:
        check_exact(part)


def check_id(name: object) -> None:
    """Raise Misformed for what cannot be an id."""
    if type(name) is not str or not _ID.fullmatch(name):
        _refuse(f"its id must match {_ID.pattern}")


def check_spec(spec: ModelSpec) -> None:
    """Raise Misformed for a model that cannot be listed."""
    check_exact(spec)
    check_id(spec.id)
    for name in ("version", "licence", "digest", "source", "host"):
        if type(getattr(spec, name)) is not str:
            _refuse(f"{name} must be text")
    if spec.kind not in get_args(Kind):
        _refuse(f"kind must be one of {', '.join(get_args(Kind))}")
    for name in ("languages", "tasks"):
        _check_names(name, getattr(spec, name))
    if not spec.version or not spec.languages:
        _refuse("version and languages are wanted")
    if type(spec.context_length) is not int or spec.context_length < 0:
        _refuse("context_length must be a whole number")


def check_section(kind: SectionKind) -> None:
    """Raise Misformed for a section without a proper id or heading."""
    check_exact(kind)
    if type(kind.id) is not str or not _SECTION_ID.fullmatch(kind.id):
        _refuse(f"its id must match {_SECTION_ID.pattern}")
    for name in ("zh", "en", "within", "before", "endings"):
        _check_names(name, getattr(kind, name))
    if not kind.zh and not kind.en:
        _refuse("it has no heading")
    if kind.loinc is not None and type(kind.loinc) is not str:
        _refuse("loinc must be text or None")
    if type(kind.weak) is not bool or type(kind.field) is not bool:
        _refuse("weak and field must be true or false")


def check_term(entry: TermEntry) -> None:
    """Raise Misformed for a term without a kind or a name."""
    check_exact(entry)
    if entry.kind not in _TERM_KINDS:
        _refuse(f"kind must be one of {', '.join(sorted(_TERM_KINDS))}")
    for name in ("zh", "en"):
        _check_names(name, getattr(entry, name))
    if not entry.zh and not entry.en:
        _refuse("it has no name")
    # One character stands inside too many words.
    if any(len(name) < _LEAST_NAME for name in (*entry.zh, *entry.en)):
        _refuse(f"a name has fewer than {_LEAST_NAME} characters")
    if type(entry.code) is not str or type(entry.system) is not str:
        _refuse("code and system must be text")
    if type(entry.extra) is not tuple or not all(type(each) is str for each in entry.extra):
        _refuse("extra must be a tuple of texts")
    if type(entry.recognised) is not bool or type(entry.offered) is not bool:
        _refuse("recognised and offered must be true or false")


def check_rule(rule: Rule) -> None:
    """Raise Misformed for a rule without a proper id, or one that cannot be shown."""
    check_exact(rule)
    check_id(rule.id)
    _check_shown(rule)


def _check_shown(rule: Rule) -> None:
    """Raise Misformed for a rule that cannot be shown in both languages with its source."""
    if rule.severity not in _SEVERITIES:
        _refuse(f"severity must be one of {', '.join(_SEVERITIES)}")
    for name in ("text", "source"):
        value = getattr(rule, name)
        if type(value) is not Bilingual or not value.zh or not value.en:
            _refuse(f"a rule's {name} must be in both languages")
    if _places(rule.text.zh) != _places(rule.text.en):
        _refuse("the places of a rule's text differ between the languages")


def check_context(items: object) -> tuple[ContextItem, ...]:
    """What draft_context gave, as a tuple; raises Misformed."""
    if items is None:
        return ()
    items = _taken(items, _MOST_ITEMS)
    for item in items:
        if type(item) is not ContextItem:
            _refuse("an item is no ContextItem")
        for name in ("title", "text", "source"):
            value = getattr(item, name)
            if type(value) is not str or not value.strip() or len(value) > _LONGEST_TEXT:
                _refuse(f"{name} must be text of 1 to {_LONGEST_TEXT} characters")
    return items


def check_amended(amended: object, prompt: Prompt) -> Prompt:
    """``prompt`` with the instruction, context and span of ``amended``; raises Misformed."""
    if amended is None:
        return prompt
    if type(amended) is not Prompt or type(amended.task) is not Task:
        _refuse(type(amended).__name__)
    check_exact(amended.task)
    same = (
        amended.note is prompt.note
        and amended.turn is prompt.turn
        and amended.language == prompt.language
        and replace(amended.task, instruction=prompt.task.instruction) == prompt.task
    )
    if not same:
        _refuse("note, task, language and turn must stay")
    _check_instruction(amended.task.instruction)
    span = check_span(amended.span, len(prompt.note.text))
    told = amended.instructions
    if type(told) is not tuple or len(told) > _MOST_INSTRUCTIONS:
        _refuse(f"instructions must be at most {_MOST_INSTRUCTIONS}")
    if not all(type(line) is str and len(line) <= _LONGEST_INSTRUCTION for line in told):
        _refuse(f"an instruction has at most {_LONGEST_INSTRUCTION} characters")
    context = check_context(amended.context)
    return replace(prompt, task=amended.task, span=span, context=context, instructions=told)


def _check_instruction(instruction: object) -> None:
    if type(instruction) is not Bilingual:
        _refuse("an instruction must be in both languages")
    for words in (instruction.zh, instruction.en):
        if type(words) is not str or not words.strip() or len(words) > _LONGEST_TEXT:
            _refuse(f"an instruction must be text of 1 to {_LONGEST_TEXT} characters")


def check_findings(found: object, length: int) -> tuple[Finding, ...]:
    """Findings in a text of ``length`` code points; raises Misformed."""
    if found is None:
        return ()
    taken = _taken(found, MOST_FINDINGS)
    for finding in taken:
        if type(finding) is not Finding or type(finding.rule) is not Rule:
            _refuse("an item is no Finding")
        check_exact(finding)
        if type(finding.rule.id) is not str:
            _refuse("a rule's id must be text")
        _check_shown(finding.rule)
        check_span(finding.span, length)
        _check_fields(finding)
    # The fields are copied: a plugin may change its own dictionary later.
    return tuple(
        replace(finding, fields=MappingProxyType(dict(finding.fields))) for finding in taken
    )


def _taken(given: object, most: int) -> tuple[Any, ...]:
    """A copy, because a list of a class of its own may give something else the second time."""
    if type(given) is not list and type(given) is not tuple:
        _refuse("a list is wanted")
    items = tuple(given)
    if len(items) > most:
        _refuse(f"a list of at most {most} is wanted")
    return items


def check_span(span: object, length: int) -> Span:
    """``span``, where it is one in a text of ``length`` code points; raises Misformed."""
    if type(span) is not Span or not all(type(end) is int for end in span):
        _refuse("a span is no Span")
    if not 0 <= span.start <= span.end <= length:
        _refuse("a span is not in the text")
    return span


def _check_fields(finding: Finding) -> None:
    shown = finding.fields
    if not isinstance(shown, Mapping) or not _places(finding.rule.text.zh) <= shown.keys():
        _refuse("a place of the rule's text has no field")
    if not all(type(value) in (str, Bilingual) for value in shown.values()):
        _refuse("a field is neither text nor Bilingual")
    if finding.source is not None and type(finding.source) is not Bilingual:
        _refuse("source must be in both languages")


def _check_names(name: str, values: object) -> None:
    if type(values) is not tuple or not all(
        type(value) is str and value.strip() == value and 0 < len(value) <= _LONGEST_NAME
        for value in values
    ):
        _refuse(f"{name} must be a tuple of names of 1 to {_LONGEST_NAME} characters")


def _places(text: str) -> set[str]:
    """The names in braces; anything but a name could run code, or fail, when it is filled in."""
    try:
        found = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError:
        _refuse("a brace in a rule's text has no partner")
    for _, name, form, conversion in found:
        if not name or not name.isidentifier() or form or conversion:
            _refuse("a place in a rule's text must be a name alone")
    return {str(name) for _, name, _, _ in found}


def _refuse(what: str) -> NoReturn:
    raise Misformed(what)
