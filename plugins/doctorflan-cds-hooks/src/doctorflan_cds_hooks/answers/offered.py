"""A draft as a card: its words, what they rest on, what is missing, and a resource to create."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from doctorflan_cds_hooks.call import Call
from doctorflan_cds_hooks.cards import Card, Suggestion, coding
from doctorflan_cds_hooks.fhir.notes import AI_LABEL, SourceNote
from doctorflan_cds_hooks.markdown import escaped, escaped_lines, one_line
from doctorflan_cds_hooks.wording import say
from doctorflan_ls.drafts import Draft, plain
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

_MOST_LINES = 10
_QUOTE = 60
_TAGS: dict[Locale, str] = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A ready draft of ``task`` for ``note``.

    ``fallback`` is why the chosen model did not make it, None where it did.
    """

    task: Task
    draft: Draft
    note: Note
    source: SourceNote
    fallback: DoctorFlanError | None

    @property
    def model(self) -> str:
        """The model and its version."""
        origin = self.draft.provenance
        return f"{origin.model} {origin.model_version}".strip()


def offered_card(offered: Offered, call: Call) -> Card:
    """The card; its one suggestion creates a document that is preliminary."""
    title = offered.task.title.in_(call.locale)
    gaps = len(offered.draft.gaps)
    summary = say("draft-gaps" if gaps else "draft", call.locale, title=title, count=gaps)
    suggestion = Suggestion(
        say("keep-draft", call.locale, title=title),
        say("keep-draft-as", call.locale, title=title),
        _document(offered, call),
    )
    return Card(
        summary,
        "info",
        say("made-by", call.locale, model=offered.model),
        coding("tasks", offered.task.id, title),
        _detail(offered, call.locale),
        call.service.reasons,
        (suggestion,),
        {"task": offered.task.id, "draft": offered.draft.id},
    )


def _detail(offered: Offered, locale: Locale) -> str:
    draft = offered.draft
    parts = [escaped_lines(plain(draft))]
    quotes = [_quoted(offered.note, span) for each in draft.statements for span in each.evidence]
    parts.append(_listed(say("rests-on", locale), list(dict.fromkeys(quotes)), locale))
    titles = {each.key: each.title.in_(locale) for each in offered.task.elements}
    missing = [escaped(titles.get(gap.element, gap.element)) for gap in draft.gaps]
    parts.append(_listed(say("missing-parts", locale), missing, locale))
    remarks = [
        f"{escaped(each.message(locale))} ({escaped(each.authority(locale))})"
        for each in draft.findings
    ]
    parts.append(_listed(say("remarks", locale), remarks, locale))
    if offered.fallback is not None:
        reason = escaped(offered.fallback.user_message(locale))
        parts.append(say("fallback", locale, reason=reason))
    parts.append(say("check-draft", locale, model=escaped(offered.model)))
    return "\n\n".join(part for part in parts if part)


def _listed(title: str, lines: list[str], locale: Locale) -> str:
    if not lines:
        return ""
    shown = [f"**{title}**", "", *(f"- {line}" for line in lines[:_MOST_LINES])]
    if len(lines) > _MOST_LINES:
        shown.append("- " + say("and-so-on", locale, count=len(lines) - _MOST_LINES))
    return "\n".join(shown)


def _quoted(note: Note, span: Span) -> str:
    return f"“{escaped(one_line(note.slice(span), _QUOTE))}”"


def _document(offered: Offered, call: Call) -> dict[str, object]:
    """A FHIR R4 DocumentReference; no author, because the doctor who accepts it is that."""
    language = offered.draft.provenance.language
    title = offered.task.title.in_(language)
    content = plain(offered.draft).encode("utf-8", "replace")
    document: dict[str, object] = {
        "resourceType": "DocumentReference",
        "meta": {"security": [AI_LABEL]},
        "language": _TAGS[language],
        "status": "current",
        "docStatus": "preliminary",
        "type": {"text": title},
        "subject": {"reference": f"Patient/{call.patient}"},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "description": say("description", language, title=title, model=offered.model),
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": _TAGS[language],
                    "data": base64.b64encode(content).decode("ascii"),
                    "title": title,
                }
            }
        ],
    }
    if call.encounter:
        document["context"] = {"encounter": [{"reference": f"Encounter/{call.encounter}"}]}
    return document
