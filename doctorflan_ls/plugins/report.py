"""How the plugins are doing, as plain data: ``plugins list --json`` and ``doctorflan/status``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doctorflan_ls.i18n import Locale
from doctorflan_ls.plugins.loading import Plugin
from doctorflan_ls.plugins.manager import Plugins

Row = dict[str, Any]


def plugin_rows(plugins: Plugins, locale: Locale) -> Iterator[Row]:
    """A row for each installed plugin (``schemas/plugin.schema.json``)."""
    for plugin in plugins.plugins:
        yield _row(plugin, locale)


def problem_rows(plugins: Plugins, locale: Locale) -> Iterator[Row]:
    """A row for each task file, folder or name of the settings that something is wrong with."""
    known = {plugin.name for plugin in plugins.plugins}
    for problem in plugins.problems:
        if problem.name not in known:
            reason = problem.error.user_message(locale)
            yield _empty(problem.name) | {"code": problem.error.key, "reason": reason}


def _row(plugin: Plugin, locale: Locale) -> Row:
    brought, caller = plugin.contribution, plugin.caller
    error = plugin.error or caller.failure
    tripped = list(caller.tripped())
    return _empty(plugin.name) | {
        "version": plugin.version,
        "entry": plugin.entry,
        "state": "tripped" if tripped and plugin.state == "loaded" else plugin.state,
        "hooks": list(plugin.hooks),
        "unknown_hooks": list(plugin.strange),
        "tasks": [each.id for each in brought.tasks],
        "models": [each.spec.id for each in brought.models],
        "sections": [each.id for each in brought.sections],
        "checks": [each.id for each in brought.checks],
        "terms": len(brought.terms),
        "load_seconds": round(plugin.load_seconds, 4),
        "call_seconds": round(caller.seconds, 4),
        "calls": caller.calls,
        "failures": caller.failures,
        "tripped": tripped,
        "code": error.key if error is not None else "",
        "reason": error.user_message(locale) if error is not None else "",
    }


def _empty(name: str) -> Row:
    return {
        "name": name,
        "version": "",
        "entry": "",
        "state": "refused",
        "hooks": [],
        "unknown_hooks": [],
        "tasks": [],
        "models": [],
        "sections": [],
        "checks": [],
        "terms": 0,
        "load_seconds": 0.0,
        "call_seconds": 0.0,
        "calls": 0,
        "failures": 0,
        "tripped": [],
        "code": "",
        "reason": "",
    }
