"""What the rules find in the licensed notes: by rule and 100 notes, and a sample to read by hand.

python -m tests.benchmarks.findings [--sample N] [--seed N] [--severity warning] [--rule ID]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from typing import NamedTuple

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.run import check
from doctorflan_ls.features.diagnostics import SEVERITIES
from doctorflan_ls.notes.note import Note, parse_note
from tests.corpora import NAMES, notes_of


class Found(NamedTuple):
    corpus: str
    number: int
    note: Note
    finding: Finding


def found() -> tuple[dict[str, int], list[Found]]:
    """How many notes each corpus has, and all that is found in them."""
    counts, rows = {}, []
    for corpus in NAMES:
        notes = notes_of(corpus)
        counts[corpus] = len(notes)
        for number, text in enumerate(notes):
            note = parse_note(text)
            rows += [Found(corpus, number, note, each) for each in check(note)]
    return counts, rows


def table(counts: dict[str, int], rows: list[Found]) -> str:
    """Findings of each rule and severity for 100 notes, by corpus."""
    by = Counter((row.finding.rule.id, row.finding.rule.severity, row.corpus) for row in rows)
    lines = ["rule            severity     " + "".join(f"{name:>11}" for name in counts)]
    for rule, severity in sorted({(rule, severity) for rule, severity, _ in by}):
        cells = (100 * by[rule, severity, corpus] / counts[corpus] for corpus in counts)
        shown = "".join(f"{cell:11.1f}" for cell in cells)
        lines.append(f"{rule:<16}{severity:<13}{shown}")
    return "\n".join(lines)


def shown(row: Found) -> str:
    """A finding with the words it is about between marks and what stands around them."""
    start, end = row.finding.span
    text = str(row.note.text)
    around = f"{text[max(start - 90, 0) : start]}«{text[start:end][:200]}»{text[end : end + 90]}"
    head = f"{row.corpus} {row.number} {row.note.doc_type} {row.finding.rule.severity}"
    said = f"{row.finding.rule.id}: {row.finding.message(row.note.language)}"
    return f"{head}\n  {said}\n  {' '.join(around.split())}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--severity", choices=SEVERITIES, default="warning")
    parser.add_argument("--rule", action="append")
    options = parser.parse_args()
    counts, rows = found()
    sys.stdout.write(table(counts, rows) + "\n\n")
    grave = SEVERITIES[: SEVERITIES.index(options.severity) + 1]
    pool = [row for row in rows if row.finding.rule.severity in grave]
    if options.rule:
        pool = [row for row in pool if row.finding.rule.id in options.rule]
    chosen = random.Random(options.seed).sample(pool, min(options.sample, len(pool)))
    sys.stdout.write("\n".join(map(shown, chosen)) + f"\n{len(pool)} at or above\n")


if __name__ == "__main__":
    main()
