"""Print each code with WHO's title beside the project's names, and fail where the table is wrong.

Run in an environment that has the plugin: ``python scripts/review.py [START OF A CODE]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from doctorflan_icd10.catalogue import exists, names, title

from doctorflan_ls.notes.facts.vocabulary import fold


def problems() -> Iterator[str]:
    """What is wrong with ``data/names.tsv``: unknown codes, and names that stand at two codes."""
    owners: dict[str, str] = {}
    for code, (zh, en) in names().items():
        if not exists(code):
            yield f"{code}: not in WHO ICD-10 (2019)"
        if not (zh or en):
            yield f"{code}: no name"
        for name in (*zh, *en):
            if owners.setdefault(fold(name), code) != code:
                yield f"{name}: both {owners[fold(name)]} and {code}"


def main(start: str = "") -> int:
    """Write the table for reading; 1 where something is wrong with it."""
    for code, (zh, en) in names().items():
        if code.startswith(start) and exists(code):
            row = (code, title(code), "、".join(zh) or "-", ", ".join(en) or "-")
            sys.stdout.write("\t".join(row) + "\n")
    found = list(problems())
    for problem in found:
        sys.stderr.write(problem + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
