"""What the note was read into, as ``inspect --json`` and ``doctorflan/analysis`` give it.

The contract is ``schemas/analysis.schema.json``; spans are ``[start, end)`` in code points.
"""

from __future__ import annotations

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.parts import sections_over
from doctorflan_ls.features.calculators import rows
from doctorflan_ls.features.score import score_json
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.model import Fact, Section
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span
from doctorflan_ls.triage import triage


def analysis(snapshot: Snapshot, span: Span | None = None) -> dict[str, object]:
    """The whole analysis, or what stands in ``span`` at the cost of what stands in it.

    With a ``span`` there is no ``triage`` and no ``score``: they follow from the whole case.
    """
    note = snapshot.note
    facts = note.facts if span is None else note.facts_in(span)
    sections = note.sections if span is None else sections_over(note, span)
    findings = snapshot.findings(span)
    result: dict[str, object] = {
        "doc_type": note.doc_type,
        "language": note.language,
        "sections": [_section(section) for section in sections],
        "facts": [_fact(fact) for fact in facts if fact.kind != "date"],
        "calculators": rows(note, span, snapshot.locale),
        "findings": [finding_json(finding, snapshot.locale) for finding in findings],
    }
    if span is None:
        result["triage"] = _triage(note)
        result["score"] = score_json(snapshot.score(findings), snapshot.locale)
    return result


def finding_json(finding: Finding, locale: Locale) -> dict[str, object]:
    """A finding with its message and source in ``locale``."""
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity,
        "message": finding.message(locale),
        "span": list(finding.span),
        "source": finding.authority(locale),
    }


def _section(section: Section) -> dict[str, object]:
    return {
        "id": section.id,
        "heading": section.heading,
        "heading_span": list(section.heading_span),
        "span": list(section.span),
        "level": section.level,
        "loinc": section.loinc,
    }


def _fact(fact: Fact) -> dict[str, object]:
    return {
        "kind": fact.kind,
        "text": fact.text,
        "span": list(fact.span),
        "name": fact.name,
        "value": fact.value,
        "unit": fact.unit,
        "flag": fact.flag,
        "dose": fact.dose,
        "route": fact.route,
        "frequency": fact.frequency,
        "status": fact.status,
        "assertion": fact.assertion,
        "duration": fact.duration,
    }


def _triage(note: Note) -> dict[str, object]:
    found = triage(note)
    return {
        "departments": [
            {
                "name": each.name if note.language == "zh" else each.name_en,
                "score": each.score,
                "evidence": [list(span) for span in each.evidence],
            }
            for each in found.departments
        ],
        "urgency": found.urgency,
    }
