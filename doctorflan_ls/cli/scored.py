"""A note's points on a terminal: what was lost and where, what was not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text as Styled

from doctorflan_ls.cli.console import BAD, GAP, HEADING, ID, QUIET, padded
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.i18n import Locale, message

# The score as ``schemas/analysis.schema.json`` has it.
Row = Mapping[str, Any]


def score_lines(score: Row | None, opened: Opened, locale: Locale) -> Iterator[Styled]:
    """The lines of ``score``; none where no table scores the document."""
    if score is None:
        return
    yield Styled()
    yield Styled(message("cli.inspect-score", locale, title=score["title"]), HEADING)
    yield _points(score, locale)
    yield Styled(f"  {score['about']}", QUIET)
    for veto in score["vetoes"]:
        yield _row(veto, opened, locale, veto["title"], BAD)
    for lost in score["lost"]:
        yield _row(lost, opened, locale, f"-{lost['points']:g}  {lost['item']}: {lost['why']}", GAP)
    unpriced = ", ".join(dict.fromkeys(each["rule"] for each in score["unpriced"]))
    if unpriced:
        yield Styled("  " + message("cli.inspect-score-unpriced", locale, rules=unpriced), QUIET)
    # What belongs to other documents goes without saying on a terminal.
    here = [each for each in score["not_judged"] if each["reason"] != "document"]
    items = "; ".join(f"{each['item']} ({each['why']})" for each in here)
    if items:
        yield Styled("  " + message("cli.inspect-score-not-judged", locale, items=items), QUIET)
    yield Styled(f"  {score['limits']}", QUIET)


def _points(score: Row, locale: Locale) -> Styled:
    if score["points"] is None:
        line = Styled("  " + message("cli.inspect-score-none", locale), GAP)
    else:
        shown = {each: f"{score[each]:g}" for each in ("points", "start")}
        line = Styled("  " + message("cli.inspect-score-points", locale, **shown), HEADING)
    return line.append(f"  {score['verdict']}") if score["verdict"] else line


def _row(row: Row, opened: Opened, locale: Locale, text: str, style: str) -> Styled:
    at = message("cli.line", locale, line=opened.line(row["span"][0]))
    line = Styled(f"  {padded(at, 9)}", QUIET).append(f"{text}  ", style)
    return line.append(row["rule"], ID)
