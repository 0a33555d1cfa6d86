"""Looks up in the note what a draft says: numbers, units, drugs, results, names, dates, sides."""

from __future__ import annotations

from doctorflan_ls.grounding.drafts import block_findings, ground, grounded, is_of_grounding

__all__ = ["block_findings", "ground", "grounded", "is_of_grounding"]
