"""What selectors are asked and what they give: queries, and lines made of pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from doctorflan_ls.text import Span


class Piece(NamedTuple):
    """A run of a draft's text: with ``evidence`` a statement, with ``gap`` a placeholder."""

    text: str
    evidence: tuple[Span, ...] = ()
    gap: bool = False


class Line(NamedTuple):
    """One line of an element. ``quote`` is the sentence it quotes: it is quoted once a draft.

    A ``hint`` bears on the element without filling it: the placeholder stays.
    """

    pieces: tuple[Piece, ...]
    label: str = ""
    quote: Span | None = None
    hint: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a selector is asked: its argument and its options, as the task file has them."""

    argument: str
    options: Mapping[str, str]

    def limit(self, default: int = 10) -> int:
        """The most items to give."""
        return int(self.options.get("limit", default))

    @property
    def flags(self) -> frozenset[str]:
        """The flags to keep; none means all."""
        return frozenset(self.options.get("flag", "").split(",")) - {""}

    @property
    def label(self) -> str:
        """The key of the word to set before the line."""
        return self.options.get("label", "")
