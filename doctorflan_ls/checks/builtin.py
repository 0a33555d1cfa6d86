"""The checks that come with the server."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from doctorflan_ls.checks.scope import Check

_MODULES = (
    "basic",
    "items_parts",
    "items_groups",
    "items_minutes",
    "items_words",
    "items_orders",
    "items_lists",
    "abbreviations",
    "time_forms",
    "time_order",
    "forms",
    "units",
    "arithmetic",
    "sides",
    "contradictions",
    "history",
    "stay.front",
    "stay.limits",
    "stay.order",
    "stay.signing",
    "stay.copies",
    "stay.agreement",
    "stay.rounds",
    "stay.surgery",
    "stay.traces",
    "stay.consents",
)


@cache
def builtin_checks() -> tuple[Check, ...]:
    """All of them, in the order of the modules; each module's ``checks`` lists its own."""
    modules = (import_module(f"doctorflan_ls.checks.{name}") for name in _MODULES)
    return tuple(check for module in modules for check in module.checks())
