"""The checks that come with the server, each with the rules it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from doctorflan_ls.checks import rules
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.checks.table import rule_table


@cache
def builtin_checks() -> tuple[Check, ...]:
    """All of them."""
    table = rule_table()
    parts = {*table.required.values(), *table.required_parts.values()}

    def check(
        name: str, wanted: Iterable[str], find: Callable[[Scope], Iterable[Finding]]
    ) -> Check:
        return Check(name, tuple(table.rules[each] for each in sorted(wanted)), find)

    return (
        # Whether the whole document lacks a part is not asked of a piece of it.
        check("missing-parts", parts, lambda at: rules.missing(at.note) if at.whole else ()),
        check("empty-parts", parts, lambda at: rules.empty(at.note, at.sections)),
        check(
            "chief-complaint",
            ("ZA-04", "ZA-05"),
            lambda at: rules.chief_complaint(at.note, at.sections, at.options.chief_complaint_max),
        ),
        check(
            "impossible-vitals",
            ("ZC-09",),
            lambda at: rules.impossible_vitals(at.note, at.span, at.facts),
        ),
        check(
            "drug-against-allergy",
            ("ZY-01",),
            lambda at: rules.drug_against_allergy(at.note, at.facts),
        ),
        check("placeholders", ("ZC-05",), lambda at: rules.placeholders(at.note, at.span)),
        check(
            "sex-contradictions",
            ("ZC-07",),
            lambda at: rules.sex_contradictions(at.note, at.sections, at.facts),
        ),
    )
