"""Gives far too much."""

import itertools
import time

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.prompts import ContextItem
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

BOTH = Bilingual("动物园", "zoo")
RULE = Rule("flood", "error", BOTH, BOTH)
FINDING = Finding(RULE, Span(0, 1))


def plugin(**hooks):
    """What an entry point names."""
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


def slowly():
    for _ in itertools.count():
        time.sleep(0.01)
        yield FINDING


def flood(register):
    register(Check("flood", (RULE,), lambda scope: itertools.repeat(FINDING, 1000)))


def trickle(register):
    register(Check("trickle", (RULE,), lambda scope: slowly()))


context = plugin(draft_context=lambda: [ContextItem("动物园", "z" * 1_000_000, "zoo")])
items = plugin(draft_context=lambda: [ContextItem("动物园", "zoo", "zoo")] * 1000)
findings = plugin(check_draft=lambda: [FINDING] * 1000)
check = plugin(register_checks=flood)
endless = plugin(register_checks=trickle)
