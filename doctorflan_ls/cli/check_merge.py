"""JSON reports of ``check`` over parts of many notes, made one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from doctorflan_ls.cli.check_reports import Summary
from doctorflan_ls.cli.checking import Checked
from doctorflan_ls.errors import BadRequest

_FINDING = frozenset({"rule", "severity", "message", "source", "span", "line", "column"})


def merged(paths: Sequence[Path], summary: Summary) -> Iterator[Checked]:
    """The notes of the reports at ``paths``, each once; ``summary`` takes in their indicators.

    Raises BadRequest for a file that is no such report, and for a note that stands in two.
    """
    reports = [(path, _read(path)) for path in paths]
    seen: dict[str, Path] = {}
    for path, report in reports:
        for note in report["notes"]:
            if note["path"] in seen:
                first = seen[note["path"]]
                raise BadRequest("cli.checked-twice", path=note["path"], one=first, two=path)
            seen[note["path"]] = path
        for row in report["indicators"]:
            summary.numerators[row["id"]] += row["numerator"]
            summary.denominators[row["id"]] += row["denominator"]
    return (_note(note) for _, report in reports for note in report["notes"])


def _note(row: dict[str, Any]) -> Checked:
    return Checked(**{**row, "findings": tuple(row.get("findings", ()))})


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        notes, rows = report["notes"], report["indicators"]
        sound = all(set(row) >= _FINDING for note in notes for row in _note(note).findings)
        for row in rows:
            sound = sound and row["numerator"] <= row["denominator"] and isinstance(row["id"], str)
    except (OSError, ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise BadRequest("cli.not-a-report", path=path)
    return dict(report)
