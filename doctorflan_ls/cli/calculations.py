"""Rows of calculators on a terminal: the result, what it rests on, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text as Styled

from doctorflan_ls.cli.console import GAP, HEADING, ID, QUIET, padded
from doctorflan_ls.cli.drafting import quoted
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.text import Span

_TITLE_COLUMNS = 44
_QUOTED = 40

# A row as ``schemas/analysis.schema.json`` has it.
Row = Mapping[str, Any]


def calculations(
    found: Iterable[Row], opened: Opened, locale: Locale, *, sources: bool = False
) -> Iterator[Styled]:
    """A line for each result; with ``sources`` the formula, its source and limits below it."""
    for row in found:
        line = Styled("  ").append(padded(row["title"], _TITLE_COLUMNS), HEADING)
        line.append(f"{row['shown'] or '-'}  ")
        if row["interpretation"]:
            line.append(f"{row['interpretation']}  ")
        if row["missing"]:
            names = ", ".join(row["missing"])
            line.append(message("cli.calculate-missing", locale, missing=names) + "  ", GAP)
        line.append(_words(row, opened), QUIET)
        yield line
        if sources:
            yield Styled(f"    {row['id']}", ID).append(f"  {row['formula']}", QUIET)
            yield Styled(f"    {row['limits']}; {row['citation']}", QUIET)


def _words(row: Row, opened: Opened) -> str:
    """The note's words that the result rests on."""
    spans = dict.fromkeys(tuple(each["span"]) for each in row["inputs"])
    return "; ".join(quoted(opened.note.slice(Span(*span)), _QUOTED) for span in spans)
