"""What plugins say while a doctor works: each is asked in turn, and one that fails is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.plugins.calls import Refused
from doctorflan_ls.plugins.forms import (
    MOST_FINDINGS,
    Misformed,
    check_amended,
    check_context,
    check_findings,
)
from doctorflan_ls.plugins.loading import Plugin

if TYPE_CHECKING:
    from doctorflan_ls.audit import Event
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.plugins.manager import Plugins
    from doctorflan_ls.prompts import ContextItem, Prompt

_T = TypeVar("_T")
_WANTED = {
    "draft_context": "list of ContextItem",
    "amend_prompt": "Prompt",
    "check_draft": "list of Finding",
    "check": "list of Finding",
}


def has_hooks(plugins: Plugins, *hooks: str) -> bool:
    """True where a loaded plugin implements one of ``hooks``."""
    return any(True for hook in hooks for _ in plugins.implementing(hook))


def prepared(plugins: Plugins, prompt: Prompt) -> Prompt:
    """``prompt`` with what plugins know about the case, as they amend it. Raises nothing."""
    read(prompt.note)
    items: list[ContextItem] = list(prompt.context)
    for plugin in plugins.implementing("draft_context"):
        arguments = {"task": prompt.task, "note": prompt.note, "span": prompt.span}
        items += _asked(plugin, "draft_context", arguments, check_context) or ()
    prompt = replace(prompt, context=tuple(items))
    for plugin in plugins.implementing("amend_prompt"):
        before = prompt
        arguments = {"task": prompt.task, "note": prompt.note, "prompt": prompt}
        amended = _asked(
            plugin,
            "amend_prompt",
            arguments,
            lambda gave, before=before: check_amended(gave, before),  # type: ignore[misc]
        )
        prompt = before if amended is None else amended
    return prompt


def examined(plugins: Plugins, prompt: Prompt, draft: Draft) -> Draft:
    """``draft`` with what plugins find in it. Raises nothing."""
    found: list[Finding] = []
    for plugin in plugins.implementing("check_draft"):
        arguments = {"task": prompt.task, "note": prompt.note, "draft": draft}
        given = _asked(
            plugin, "check_draft", arguments, lambda gave: check_findings(gave, len(draft.text))
        )
        found += (_owned(plugin, finding) for finding in given or ())
    ordered = sorted(found, key=lambda finding: finding.span)
    return replace(draft, findings=tuple(ordered)) if ordered else draft


class Found(NamedTuple):
    """What plugins' checks found; not ``complete`` where one of them failed."""

    findings: tuple[Finding, ...]
    complete: bool = True


def findings(
    plugins: Plugins, note: Note, options: CheckOptions | None = None
) -> tuple[Finding, ...]:
    """What plugins' checks find in the whole of ``note``. Raises nothing."""
    return look(plugins, note, options).findings


def look(plugins: Plugins, note: Note, options: CheckOptions | None = None) -> Found:
    """As ``findings``, with whether every check answered."""
    read(note)
    each_found = [
        _checked(plugin, check, Scope(note, None, options))
        for plugin in plugins.plugins
        for check in plugin.contribution.checks
    ]
    found = tuple(one for some in each_found for one in some or ())
    return Found(found, complete=None not in each_found)


def read(note: Note) -> None:
    """Read the note's sections and facts, once: the time that takes is no plugin's."""
    _ = note.sections, note.facts


def record(plugins: Plugins, event: Event) -> None:
    """Tell every plugin that wants to know of ``event``. Raises nothing."""
    for plugin in plugins.implementing("record_event"):
        _asked(plugin, "record_event", {"event": event}, lambda _gave: None)


def _checked(plugin: Plugin, check: Check, scope: Scope) -> tuple[Finding, ...] | None:
    def run() -> tuple[Finding, ...]:
        return _formed(
            plugin,
            "check",
            # What finds without end is stopped by the count, not by the memory.
            list(islice(check.find(scope), MOST_FINDINGS + 1)),
            lambda gave: check_findings(gave, len(scope.note.text)),
        )

    return _contained(plugin, "check", run, check.id)


def _asked(
    plugin: Plugin, hook: str, arguments: dict[str, object], read: Callable[[object], _T]
) -> _T | None:
    """What the plugin says, read; None where it fails, which its caller remembers."""

    def run() -> _T:
        return _formed(plugin, hook, plugin.hooks[hook](**arguments), read)

    return _contained(plugin, hook, run)


def _formed(plugin: Plugin, hook: str, gave: object, read: Callable[[object], _T]) -> _T:
    # In the plugin's own time and thread: what it gave may be of its making, and run its code.
    try:
        return read(gave)
    except Misformed as error:
        fields = {"hook": hook, "wanted": _WANTED[hook], "why": error}
        raise Refused("plugins.not-a", plugin=plugin.name, **fields) from None


def _contained(plugin: Plugin, hook: str, run: Callable[[], _T], name: str = "") -> _T | None:
    try:
        return plugin.caller.call(hook, run, name)
    except PluginFailed:
        # Kept by the caller and shown by the list of plugins.
        return None


def _owned(plugin: Plugin, finding: Finding) -> Finding:
    package = plugin.contribution.package
    rule = finding.rule
    if rule.id.startswith(f"{package}/"):
        return finding
    return replace(finding, rule=replace(rule, id=f"{package}/{rule.id}"))
