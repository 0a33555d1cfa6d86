"""What grounding finds before it is a finding: a rule, characters, what the note says."""

from __future__ import annotations

from typing import NamedTuple

from doctorflan_ls.text import Span


class Hit(NamedTuple):
    """``rule`` at ``span`` of the draft.

    ``evidence`` is where the record says ``says`` instead; both are empty where it is silent.
    """

    span: Span
    rule: str
    says: str = ""
    evidence: Span | None = None

    @property
    def contradicts(self) -> bool:
        """True where the record says something else, not nothing."""
        return self.evidence is not None
