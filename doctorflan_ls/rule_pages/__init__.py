"""The pages that explain each rule, ``zh.md`` and ``en.md``, and where each rule stands in them.

They are made from ``data/rules/`` by ``python -m scripts.generate`` and come with the package, so
that a rule can be read up without a network.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from doctorflan_ls.i18n import Locale

_HEADING = re.compile(r"## (\S+)")


def page_uri(rule_id: str, locale: Locale) -> str | None:
    """The address of what is said of a rule: a file of this machine and the line in it.

    None for a rule that is not the project's own.
    """
    line = _lines(locale).get(rule_id)
    return None if line is None else f"{page(locale).as_uri()}#L{line}"


def page(locale: Locale) -> Path:
    """The file with the rules in ``locale``."""
    return Path(__file__).with_name(f"{locale}.md")


@cache
def _lines(locale: Locale) -> dict[str, int]:
    """The line, from 1, of each rule's heading."""
    text = page(locale).read_text(encoding="utf-8")
    found = (
        (_HEADING.match(line), number) for number, line in enumerate(text.splitlines(), start=1)
    )
    return {heading[1]: number for heading, number in found if heading is not None}
