"""The report of ``check``: as text, JSON, SARIF 2.1.0 or one HTML page."""

from __future__ import annotations

import html
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from doctorflan_ls import __version__
from doctorflan_ls.cli.checking import Checked
from doctorflan_ls.cli.exits import printable
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.features.diagnostics import SEVERITIES
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.score.indicators import indicators

# SARIF 2.1.0, 3.27.10.
_LEVELS = {"error": "error", "warning": "warning", "information": "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass
class Summary:
    """What the notes come to; complete once all of them were read."""

    notes: int = 0
    unreadable: int = 0
    drafts: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    numerators: Counter[str] = field(default_factory=Counter)
    denominators: Counter[str] = field(default_factory=Counter)

    def counting(self, checked: Iterable[Checked]) -> Iterator[Checked]:
        """The same notes, counted as they pass."""
        for each in checked:
            self.notes += 1
            self.unreadable += bool(each.problem)
            self.drafts += each.drafts
            for row in each.findings:
                self.severities[row["severity"]] += 1
                self.rules[row["rule"]] += 1
            for name, (numerator, denominator) in each.counted.items():
                self.numerators[name] += numerator
                self.denominators[name] += denominator
            yield each

    def indicators(self, locale: Locale) -> list[dict[str, Any]]:
        """The national indicators that the notes give, those of no document left out."""
        return [
            {
                "id": each.id,
                "name": each.name.in_(locale),
                "numerator": self.numerators[each.id],
                "denominator": self.denominators[each.id],
                "source": each.source.in_(locale),
            }
            for each in indicators(())
            if self.denominators[each.id]
        ]

    def to_json(self) -> dict[str, Any]:
        """As ``schemas/check.schema.json`` has it."""
        return {
            "notes": self.notes,
            "unreadable": self.unreadable,
            "drafts": self.drafts,
            "findings": {each: self.severities[each] for each in SEVERITIES},
            "rules": dict(self.rules.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be written and where: a form, a language, a file (None: standard output)."""

    form: str
    locale: Locale
    output: str | None = None
    with_score: bool = False


def write(checked: Iterable[Checked], summary: Summary, report: Report) -> None:
    """Write the report; raises BadRequest where its file cannot be written."""
    with _opened(report.output) as out:
        _FORMS[report.form](checked, summary, out, report)


@contextmanager
def _opened(output: str | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="\n") as out:
            yield out
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadRequest("cli.unwritable", path=output, reason=reason) from None


def _text(checked: Iterable[Checked], summary: Summary, out: TextIO, report: Report) -> None:
    locale = report.locale
    for each in checked:
        for row in each.findings:
            severity = message(f"cli.severity-{row['severity']}", locale)
            place = f"{printable(each.path)}:{row['line']}:{row['column']}"
            said = printable(f"{row['message']} [{row['rule']}; {row['source']}]")
            out.write(f"{place}: {severity}: {said}\n")
        if report.with_score and each.score is not None:
            out.write(f"{printable(each.path)}: {printable(_scored(each.score, locale))}\n")
    out.writelines(f"{_indicator(each)}\n" for each in summary.indicators(locale))
    out.write(_last_line(summary, locale) + "\n")


def _scored(score: dict[str, Any], locale: Locale) -> str:
    points = message("cli.inspect-score-none", locale)
    if score["points"] is not None:
        shown = {each: f"{score[each]:g}" for each in ("points", "start")}
        points = message("cli.inspect-score-points", locale, **shown)
    return f"{score['title']}: {points} {score['verdict'] or ''}".rstrip()


def _indicator(row: dict[str, Any]) -> str:
    share = 100 * row["numerator"] / row["denominator"]
    return f"{row['id']} {row['name']}: {row['numerator']}/{row['denominator']} ({share:.1f}%)"


def _last_line(summary: Summary, locale: Locale) -> str:
    fields: dict[str, int] = {each: summary.severities[each] for each in SEVERITIES}
    fields |= {"notes": summary.notes - summary.unreadable, "drafts": summary.drafts}
    line = message("cli.checked", locale, **fields)
    if summary.unreadable:
        line += message("cli.checked-unread", locale, count=summary.unreadable)
    return line


def _json(checked: Iterable[Checked], summary: Summary, out: TextIO, report: Report) -> None:
    out.write('{"notes": [')
    for number, each in enumerate(checked):
        out.write(",\n" if number else "\n")
        json.dump(_row(each, report), out, ensure_ascii=False)
    out.write('\n],\n"indicators": ')
    json.dump(summary.indicators(report.locale), out, ensure_ascii=False)
    out.write(',\n"summary": ')
    json.dump(summary.to_json(), out, ensure_ascii=False)
    out.write("}\n")


def _row(checked: Checked, report: Report) -> dict[str, Any]:
    row = asdict(checked)
    del row["counted"]
    if not report.with_score:
        del row["score"]
    return {key: value for key, value in row.items() if value not in ("", None)} | {
        "doc_type": checked.doc_type
    }


def _sarif(checked: Iterable[Checked], summary: Summary, out: TextIO, _report: Report) -> None:
    results = [_result(each, row) for each in checked for row in each.findings]
    driver = {
        "name": "doctorflan-ls",
        "version": __version__,
        "rules": [{"id": each} for each in sorted(summary.rules)],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    json.dump({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, out, ensure_ascii=False)
    out.write("\n")


def _result(checked: Checked, row: dict[str, Any]) -> dict[str, Any]:
    start, end = row["span"]
    region = {
        "startLine": row["line"],
        "startColumn": row["column"],
        "charOffset": start,
        "charLength": end - start,
    }
    place = {"artifactLocation": {"uri": quote(Path(checked.path).as_posix())}, "region": region}
    return {
        "ruleId": row["rule"],
        "level": _LEVELS[row["severity"]],
        "message": {"text": f"{row['message']} ({row['source']})"},
        "locations": [{"physicalLocation": place}],
    }


def _html(checked: Iterable[Checked], summary: Summary, out: TextIO, report: Report) -> None:
    locale = report.locale
    rows = []
    for each in checked:
        for row in each.findings:
            cells = (
                f"{printable(each.path)}:{row['line']}",
                row["rule"],
                message(f"cli.severity-{row['severity']}", locale),
                row["message"],
                row["source"],
            )
            shown = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
            rows.append(f'<tr class="{row["severity"]}">{shown}</tr>')
    counted = "".join(
        f"<tr><td>{html.escape(rule)}</td><td>{count}</td></tr>"
        for rule, count in summary.rules.most_common()
    )
    head = "".join(
        f"<th>{message(f'cli.check-{each}', locale)}</th>"
        for each in ("place", "rule", "severity", "says", "source")
    )
    title = message("cli.check-title", locale)
    out.write(
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><p>{html.escape(_last_line(summary, locale))}</p>"
        f"<p>{message('cli.check-limits', locale)}</p>"
        + "".join(f"<p>{html.escape(_indicator(each))}</p>" for each in summary.indicators(locale))
        + f"<table><tr><th>{message('cli.check-rule', locale)}</th><th>n</th></tr>{counted}</table>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table></html>\n"
    )


_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #bbb;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top}.error td:nth-child(3){color:#a40000;font-weight:bold}"
    ".warning td:nth-child(3){color:#8a5a00}"
)
_FORMS: dict[str, Callable[[Iterable[Checked], Summary, TextIO, Report], None]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "html": _html,
}
FORMATS = tuple(_FORMS)
"""What a report can be."""
