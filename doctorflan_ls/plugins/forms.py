"""Whether what a plugin hands over holds what its type says: Python does not look."""

from __future__ import annotations

import re
import string
from typing import NoReturn, get_args

from doctorflan_ls.checks.model import Finding, Rule, Severity
from doctorflan_ls.notes.facts.vocabulary import TermEntry, TermKind
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.prompts import ContextItem, Prompt
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_SECTION_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SEVERITIES = get_args(Severity)
# Cues decide what is denied, everywhere: no plugin adds to them.
_TERM_KINDS = frozenset(get_args(TermKind)) - {"cue"}
_LONGEST_NAME = 120
_LEAST_NAME = 2
_LONGEST_TEXT = 2000
_LONGEST_INSTRUCTION = 1000
_MOST_ITEMS = 8
_MOST_INSTRUCTIONS = 16
_MOST_FINDINGS = 200


class Misformed(ValueError):
    """What is wrong, in a few words that quote nothing of a note."""


def check_section(kind: SectionKind) -> None:
    """Raise Misformed for a section without a proper id or heading."""
    if not isinstance(kind.id, str) or not _SECTION_ID.fullmatch(kind.id):
        _refuse(f"its id must match {_SECTION_ID.pattern}")
    for name in ("zh", "en", "within", "before", "endings"):
        _check_names(name, getattr(kind, name))
    if not kind.zh and not kind.en:
        raise Misformed("it has no heading")
    if kind.loinc is not None and not isinstance(kind.loinc, str):
        raise Misformed("loinc must be text or None")


def check_term(entry: TermEntry) -> None:
    """Raise Misformed for a term without a kind or a name."""
    if entry.kind not in _TERM_KINDS:
        _refuse(f"kind must be one of {', '.join(sorted(_TERM_KINDS))}")
    for name in ("zh", "en"):
        _check_names(name, getattr(entry, name))
    if not entry.zh and not entry.en:
        raise Misformed("it has no name")
    # One character stands inside too many words.
    if any(len(name) < _LEAST_NAME for name in (*entry.zh, *entry.en)):
        _refuse(f"a name has fewer than {_LEAST_NAME} characters")
    if not isinstance(entry.code, str) or not isinstance(entry.system, str):
        raise Misformed("code and system must be text")
    if not isinstance(entry.extra, tuple):
        raise Misformed("extra must be a tuple")


def check_rule(rule: Rule) -> None:
    """Raise Misformed for a rule without a proper id, or one that cannot be shown."""
    if not isinstance(rule.id, str) or not _RULE_ID.fullmatch(rule.id):
        _refuse(f"a rule's id must match {_RULE_ID.pattern}")
    _check_shown(rule)


def _check_shown(rule: Rule) -> None:
    """Raise Misformed for a rule that cannot be shown in both languages with its source."""
    if rule.severity not in _SEVERITIES:
        _refuse(f"severity must be one of {', '.join(_SEVERITIES)}")
    for name in ("text", "source"):
        value = getattr(rule, name)
        if not isinstance(value, Bilingual) or not value.zh or not value.en:
            _refuse(f"a rule's {name} must be in both languages")
    if _places(rule.text.zh) != _places(rule.text.en):
        raise Misformed("the places of a rule's text differ between the languages")


def check_context(items: object) -> tuple[ContextItem, ...]:
    """What draft_context gave, as a tuple; raises Misformed."""
    if items is None:
        return ()
    if not isinstance(items, list | tuple) or len(items) > _MOST_ITEMS:
        _refuse(f"a list of at most {_MOST_ITEMS} is wanted")
    for item in items:
        if not isinstance(item, ContextItem):
            raise Misformed(type(item).__name__)
        for name in ("title", "text", "source"):
            value = getattr(item, name)
            if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_TEXT:
                _refuse(f"{name} must be text of 1 to {_LONGEST_TEXT} characters")
    return tuple(items)


def check_amended(amended: object, prompt: Prompt) -> Prompt:
    """What amend_prompt gave for ``prompt``; raises Misformed."""
    if amended is None:
        return prompt
    if not isinstance(amended, Prompt):
        raise Misformed(type(amended).__name__)
    same = (
        amended.note is prompt.note
        and amended.task.id == prompt.task.id
        and amended.task.elements == prompt.task.elements
        and amended.turn is prompt.turn
        and amended.language == prompt.language
    )
    if not same:
        raise Misformed("note, task, elements, language and turn must stay")
    if not Span(0, len(prompt.note.text)).contains(amended.span):
        raise Misformed("span is not in the note")
    told = amended.instructions
    if not isinstance(told, tuple) or len(told) > _MOST_INSTRUCTIONS:
        _refuse(f"instructions must be at most {_MOST_INSTRUCTIONS}")
    if not all(isinstance(line, str) and len(line) <= _LONGEST_INSTRUCTION for line in told):
        _refuse(f"an instruction has at most {_LONGEST_INSTRUCTION} characters")
    check_context(amended.context)
    return amended


def check_findings(found: object, length: int) -> tuple[Finding, ...]:
    """Findings in a text of ``length`` code points; raises Misformed."""
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or len(found) > _MOST_FINDINGS:
        _refuse(f"a list of at most {_MOST_FINDINGS} is wanted")
    for finding in found:
        if not isinstance(finding, Finding) or not isinstance(finding.rule, Rule):
            raise Misformed(type(finding).__name__)
        if not isinstance(finding.rule.id, str):
            raise Misformed("a rule's id must be text")
        _check_shown(finding.rule)
        if not isinstance(finding.span, Span) or not Span(0, length).contains(finding.span):
            raise Misformed("a span is not in the text")
        if not _places(finding.rule.text.zh) <= finding.fields.keys():
            raise Misformed("a place of the rule's text has no field")
        if not all(isinstance(value, str | Bilingual) for value in finding.fields.values()):
            raise Misformed("a field is neither text nor Bilingual")
    return tuple(found)


def _refuse(what: str) -> NoReturn:
    raise Misformed(what)


def _check_names(name: str, values: object) -> None:
    if not isinstance(values, tuple) or not all(
        isinstance(value, str) and value.strip() == value and 0 < len(value) <= _LONGEST_NAME
        for value in values
    ):
        _refuse(f"{name} must be a tuple of names of 1 to {_LONGEST_NAME} characters")


def _places(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        raise Misformed("a brace in a rule's text has no partner") from None
