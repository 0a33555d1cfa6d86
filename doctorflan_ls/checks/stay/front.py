"""What of the front matter could not be read (FM-01, FM-02, FM-03)."""

from __future__ import annotations

from collections.abc import Iterator

from doctorflan_ls.checks.model import Fields, Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.stay.wording import bilingual
from doctorflan_ls.checks.table import RuleTable, rule_table
from doctorflan_ls.notes.context import Problem
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_RULES = {"unknown": "FM-01", "yaml": "FM-03"}
_LONGEST = 120


def checks() -> Iterator[Check]:
    """The check of this module, with the rules it reports."""
    rules = rule_table().rules
    yield Check("front-matter", (rules["FM-01"], rules["FM-02"], rules["FM-03"]), front_matter)


def front_matter(at: Scope) -> Iterator[Finding]:
    """Keys that are not known, values that say nothing, and what is no YAML."""
    if not at.whole:
        return
    for problem in at.note.front_matter.problems:
        rule = at.table.rules[_RULES.get(problem.reason, "FM-02")]
        span = problem.span or Span(0, 3)
        yield Finding(rule, span, _fields(at.table, problem))


def _fields(table: RuleTable, problem: Problem) -> Fields:
    key = "near" if problem.reason == "unknown" else "form"
    expected = problem.expected
    if len(expected) > _LONGEST:
        expected = expected[:_LONGEST].rpartition(",")[0] + " …"
    words = bilingual(table, "context", "words", key)
    told = Bilingual(*(each.format(**{key: expected}) for each in (words.zh, words.en)))
    return {"key": problem.key, key: told if expected else ""}
