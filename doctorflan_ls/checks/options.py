"""What the settings and the client say about checks."""

from __future__ import annotations

from dataclasses import dataclass

from doctorflan_ls.checks.table import RuleTable
from doctorflan_ls.notes.context import NOTHING, Context


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """``chief_complaint_max`` is in characters, punctuation counted. ``disabled`` holds rule ids.

    ``consult_hours`` is how soon a consultation is to be answered: 24 (S2, three) or 48 (S1, art.
    22(10)). ``table`` are the rules as a hospital's files change them; None are those that come
    with the server. ``context`` is what the client told; a note's front matter goes before it.
    """

    chief_complaint_max: int = 20
    disabled: frozenset[str] = frozenset()
    consult_hours: int = 24
    table: RuleTable | None = None
    context: Context = NOTHING
