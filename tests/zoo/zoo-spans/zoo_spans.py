"""Findings whose spans are not in the text."""

from dataclasses import replace

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

BOTH = Bilingual("动物园", "zoo")
RULE = Rule("span", "error", BOTH, BOTH)


def plugin(**hooks):
    """What an entry point names."""
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


def checking(name, span):
    def register_checks(register):
        register(Check(name, (RULE,), lambda scope: [Finding(RULE, span)]))

    return plugin(register_checks=register_checks)


def examining(span):
    return plugin(check_draft=lambda: [Finding(RULE, span)])


check_outside = checking("outside", Span(0, 10**9))
check_negative = checking("negative", Span(-5, 3))
check_reversed = checking("reversed", Span(9, 2))
check_text = checking("text", Span("0", "1"))
draft_outside = examining(Span(0, 10**9))
draft_negative = examining(Span(-5, 3))
draft_reversed = examining(Span(9, 2))
draft_tuple = examining((0, 1))
amended = plugin(amend_prompt=lambda prompt: replace(prompt, span=Span(9, 10**9)))
