"""A draft: a task's answer for a span of a note, with its provenance, evidence and gaps."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import Chunk, Sampling
from doctorflan_ls.notes import markers
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

DraftState = Literal["streaming", "ready", "cancelled", "failed"]

_LINE_END = re.compile(r"\r\n|\n|\r")
_MARKER_BRACKETS = str.maketrans("〔〕", "[]")
# LSP 3.17, snippet syntax: these three end or start something inside a placeholder.
_SNIPPET_SPECIAL = re.compile(r"[\\$}]")


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
class Part:
    """``span`` of the draft's text answers the task's element with the key ``element``."""

    span: Span
    element: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a draft comes from. ``source_digest`` is the SHA-256 of the note text in ``span``.

    ``model_version`` and ``model_digest`` are empty until the model is loaded; what ships with the
    server has no digest. ``sampling`` is None until then and for a model that chooses no words.
    """

    task: str
    model: str
    model_version: str
    uri: str
    version: int
    span: Span
    source_digest: str
    language: Locale
    model_digest: str = ""
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A task's answer. Only a ``ready`` draft can be inserted; none enters a note by itself.

    ``failure`` says why a draft is ``failed`` or ``cancelled``; it never holds note text.
    ``findings`` are what plugins say about it; their spans count in ``text``.
    """

    id: str
    provenance: Provenance
    text: str
    statements: tuple[Statement, ...]
    gaps: tuple[Gap, ...]
    state: DraftState
    failure: DoctorFlanError | None = None
    parts: tuple[Part, ...] = ()
    findings: tuple[Finding, ...] = ()

    def is_stale(self, note: Note) -> bool:
        """True where the text that the draft was made from is no longer what the note says."""
        return digest(note.slice(self.provenance.span)) != self.provenance.source_digest


def digest(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True)
class DraftBuilder:
    """Collects a model's chunks; ``draft`` gives what there is so far."""

    id: str
    provenance: Provenance
    _parts: list[str] = field(default_factory=list)
    _statements: list[Statement] = field(default_factory=list)
    _gaps: list[Gap] = field(default_factory=list)
    _part_spans: list[Part] = field(default_factory=list)
    _length: int = 0

    def add(self, chunk: Chunk) -> None:
        """Append ``chunk``; every line end becomes ``\\n``, which rendering turns into the note's.

        A CRLF that a model splits over two chunks would become two line ends; models emit ``\\n``.
        """
        text = _LINE_END.sub("\n", chunk.text)
        span = Span(self._length, self._length + len(text))
        self._parts.append(text)
        self._length = span.end
        if chunk.gap:
            self._gaps.append(Gap(span, chunk.gap, text))
        elif chunk.evidence:
            self._statements.append(Statement(span, chunk.evidence))
        if chunk.element:
            self._add_part(Part(span, chunk.element))

    def _add_part(self, part: Part) -> None:
        last = self._part_spans[-1] if self._part_spans else None
        if last is not None and last.element == part.element and last.span.end == part.span.start:
            self._part_spans[-1] = Part(Span(last.span.start, part.span.end), part.element)
        else:
            self._part_spans.append(part)

    def draft(self, state: DraftState, failure: DoctorFlanError | None = None) -> Draft:
        """The draft made of all chunks so far."""
        return Draft(
            id=self.id,
            provenance=self.provenance,
            text="".join(self._parts),
            statements=tuple(self._statements),
            gaps=tuple(self._gaps),
            state=state,
            failure=failure,
            parts=tuple(self._part_spans),
        )


def to_json(draft: Draft) -> dict[str, object]:
    """The draft as ``schemas/draft.schema.json`` has it; spans are ``[start, end)`` code points.

    The ``span`` of a statement, a gap, a part and a finding counts in the draft's text,
    ``evidence`` in the note's.
    """
    origin = draft.provenance
    failure = draft.failure
    return {
        "id": draft.id,
        "task": origin.task,
        "model": origin.model,
        "version": origin.model_version,
        "language": origin.language,
        "state": draft.state,
        "text": draft.text,
        "source_digest": origin.source_digest,
        "statements": [
            {"span": list(item.span), "evidence": [{"span": list(at)} for at in item.evidence]}
            for item in draft.statements
        ],
        "gaps": [
            {"span": list(gap.span), "element": gap.element, "label": gap.label}
            for gap in draft.gaps
        ],
        "parts": [{"span": list(part.span), "element": part.element} for part in draft.parts],
        "findings": [
            {
                "span": list(found.span),
                "rule": found.rule.id,
                "severity": found.rule.severity,
                "message": found.message(origin.language),
                "source": found.authority(origin.language),
            }
            for found in draft.findings
        ],
        "provenance": {
            "uri": origin.uri,
            "note_version": origin.version,
            "span": list(origin.span),
            "model_digest": origin.model_digest,
            "parameters": _parameters(origin.sampling),
        },
        "failure": None
        if failure is None
        else {"code": failure.key, "message": failure.user_message(origin.language)},
    }


def _parameters(sampling: Sampling | None) -> dict[str, object] | None:
    if sampling is None:
        return None
    return {
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "seed": sampling.seed,
    }


def plain(draft: Draft, line_end: str = "\n") -> str:
    """The draft's text with the note's own line ends; gaps stand as their labels."""
    return _without_markers(draft.text).replace("\n", line_end)


def snippet(draft: Draft, line_end: str = "\n") -> str:
    """The draft as an LSP snippet: each gap is a tab stop, the last stop is the end of the text."""
    text = _without_markers(draft.text)
    parts = []
    done = 0
    for number, gap in enumerate(draft.gaps, start=1):
        parts.append(escape_snippet(text[done : gap.span.start]))
        parts.append(f"${{{number}:{escape_snippet(text[gap.span.start : gap.span.end])}}}")
        done = gap.span.end
    parts.append(escape_snippet(text[done:]))
    return "".join(parts).replace("\n", line_end) + "$0"


def escape_snippet(text: str) -> str:
    """``text`` so that an LSP snippet means it literally."""
    return _SNIPPET_SPECIAL.sub(lambda found: "\\" + found[0], text)


def _without_markers(text: str) -> str:
    """``text``, of the same length, with no line that would end the draft it stands in.

    A model that writes a closing marker would make the rest of its words look like the doctor's.
    """
    return markers.PATTERN.sub(lambda found: found[0].translate(_MARKER_BRACKETS), text)
