"""Show an analysis on a terminal: outline, facts by kind, findings, triage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, get_args

from rich.console import Console
from rich.text import Text as Styled

from doctorflan_ls.cli.calculations import calculations
from doctorflan_ls.cli.console import BAD, GAP, GOOD, HEADING, ID, QUIET, console, padded, width
from doctorflan_ls.cli.drafting import quoted
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.cli.scored import score_lines
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.notes.model import FactKind
from doctorflan_ls.text import Span

_FLAGS = {"H": BAD, "L": "bold blue", "N": GOOD, "POS": BAD, "NEG": GOOD}
_ASSERTIONS = {
    "present": "",
    "denied": QUIET,
    "possible": GAP,
    "historical": QUIET,
    "family": QUIET,
}
_SEVERITIES = {"error": BAD, "warning": GAP, "information": QUIET}
_URGENCIES = {"emergency": BAD, "urgent": GAP, "routine": GOOD}
_NAME_COLUMNS = 26
_EXTRAS = ("dose", "route", "frequency", "status", "duration")

# A row of the analysis as ``schemas/analysis.schema.json`` has it.
Row = Mapping[str, Any]


def show(found: Row, opened: Opened, locale: Locale) -> None:
    """Print the analysis ``found`` of ``opened``."""
    out = console()
    kind = found["doc_type"] or message("cli.inspect-no-type", locale)
    out.print(Styled(opened.name, HEADING).append(f"  {kind}, {found['language']}", QUIET))
    _title(out, "sections", len(found["sections"]), locale)
    for section in found["sections"]:
        out.print(_section(section, opened, locale))
    _title(out, "facts", len(found["facts"]), locale)
    for row in _facts(found["facts"], opened, locale):
        out.print(row)
    _title(out, "calculators", len(found["calculators"]), locale)
    for line in calculations(found["calculators"], opened, locale):
        out.print(line)
    _title(out, "findings", len(found["findings"]), locale)
    for finding in found["findings"]:
        out.print(_finding(finding, opened, locale))
    for line in score_lines(found["score"], opened, locale):
        out.print(line)
    _show_triage(out, found["triage"], opened, locale)


def _title(out: Console, key: str, count: int, locale: Locale) -> None:
    out.print()
    out.print(message(f"cli.inspect-{key}", locale, count=count), style=HEADING)


def _at(row: Row, opened: Opened, locale: Locale) -> str:
    return padded(message("cli.line", locale, line=opened.line(row["span"][0])), 9)


def _section(section: Row, opened: Opened, locale: Locale) -> Styled:
    indent = "  " * section["level"]
    row = Styled(f"{indent}{_at(section, opened, locale)}", QUIET)
    row.append(padded(quoted(section["heading"], 40), 42 - len(indent)))
    return row.append(section["id"], ID).append(f"  {section['loinc'] or ''}", QUIET)


def _facts(facts: Iterable[Row], opened: Opened, locale: Locale) -> Iterable[Styled]:
    order = {kind: place for place, kind in enumerate(get_args(FactKind))}
    ordered = sorted(facts, key=lambda fact: (order[fact["kind"]], fact["span"]))
    for kind, rows in groupby(ordered, key=lambda fact: str(fact["kind"])):
        yield Styled(f"  {kind}", ID)
        for fact in rows:
            yield _fact(fact, opened, locale)


def _fact(fact: Row, opened: Opened, locale: Locale) -> Styled:
    style = _ASSERTIONS[fact["assertion"]]
    row = Styled(f"    {_at(fact, opened, locale)}", QUIET)
    row.append(padded(quoted(str(fact["name"]), _NAME_COLUMNS), _NAME_COLUMNS + 2), style)
    if fact["value"] is not None:
        value = fact["value"]
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        row.append(f"{shown} {fact['unit'] or ''}".rstrip() + "  ")
    if fact["flag"]:
        row.append(f"{fact['flag']}  ", _FLAGS[fact["flag"]])
    row.append("".join(f"{fact[extra]}  " for extra in _EXTRAS if fact.get(extra)))
    if fact["assertion"] != "present":
        row.append(f"{fact['assertion']}  ", style)
    row.append(quoted(fact["text"], 48), QUIET)
    return row


def _finding(finding: Row, opened: Opened, locale: Locale) -> Styled:
    row = Styled(f"  {_at(finding, opened, locale)}", QUIET)
    row.append(f"{finding['message']}  ", _SEVERITIES[finding["severity"]])
    return row.append(f"{finding['rule']}; {finding['source']}", QUIET)


def _show_triage(out: Console, triage: Row, opened: Opened, locale: Locale) -> None:
    out.print()
    urgency = triage["urgency"]
    row = Styled(message("cli.inspect-triage", locale) + "  ", HEADING)
    out.print(row.append(message(f"cli.urgency-{urgency}", locale), _URGENCIES[urgency]))
    columns = max((width(each["name"]) for each in triage["departments"]), default=0) + 2
    for department in triage["departments"]:
        spans = [Span(*each) for each in department["evidence"]]
        words = "; ".join(dict.fromkeys(quoted(opened.note.slice(span), 24) for span in spans))
        row = Styled(f"  {padded(department['name'], columns)}{department['score']:.2f}  ")
        out.print(row.append(words, QUIET))
