"""A draft: a task's answer for a span of a note, with its provenance, evidence and gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.i18n import Locale
from doctorflan_ls.text import Span

DraftState = Literal["streaming", "ready", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Statement:
    """``span`` of the draft's text rests on the ``evidence`` spans of the note."""

    span: Span
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """``span`` of the draft's text is a placeholder for ``element``, which the note lacks."""

    span: Span
    element: str
    label: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a draft comes from. ``source_digest`` is the SHA-256 of the note text in ``span``."""

    task: str
    model: str
    model_version: str
    uri: str
    version: int
    span: Span
    source_digest: str
    language: Locale


@dataclass(frozen=True, slots=True)
class Draft:
    """A task's answer. Only a ``ready`` draft can be inserted; none enters a note by itself."""

    id: str
    provenance: Provenance
    text: str
    statements: tuple[Statement, ...]
    gaps: tuple[Gap, ...]
    state: DraftState
