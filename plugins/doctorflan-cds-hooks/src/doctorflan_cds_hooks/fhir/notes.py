"""The notes among prefetched DocumentReferences and Compositions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doctorflan_cds_hooks.fhir.attachment import attachment_text
from doctorflan_cds_hooks.fhir.resources import check_patient, concept_words, resources
from doctorflan_cds_hooks.fhir.xhtml import narrative_text
from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.headings import kinds_named, section_kinds
from doctorflan_ls.notes.headings import title as heading_of

KEYS = ("documents", "compositions")
"""The prefetch keys that notes come under."""

AI_LABEL = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
"""HL7's security label for what software asserts (code system v3-ObservationValue)."""

_MOST_CHARACTERS = 60_000
_DEEPEST_SECTION = 8


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A note's text, and what its resource calls it; ``date`` as written, empty without one."""

    text: str
    title: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What was read, the newest first, and how many documents could not be (a PDF, too long)."""

    read: tuple[SourceNote, ...]
    unread: int


def read_notes(prefetch: Node | None, patient: str) -> Notes:
    """The notes of the patient; raises Refused: 412 without a key of `KEYS`, 400 for bad FHIR.

    Sixty thousand characters are read, which takes about half a second.
    """
    given = {} if prefetch is None else prefetch.members()
    if prefetch is None or not any(key in given for key in KEYS):
        raise Refused(412, "no-prefetch", keys=", ".join(KEYS))
    found: list[SourceNote | None] = []
    for key in KEYS:
        found += _notes(prefetch.find(key), patient)
    texts = [note for note in found if note is not None]
    unread = len(found) - len(texts)
    # Dates of one server compare as they stand.
    newest = sorted(texts, key=lambda note: note.date, reverse=True)
    kept: dict[str, SourceNote] = {}
    size = 0
    for note in newest:
        size += len(note.text)
        if size > _MOST_CHARACTERS:
            size -= len(note.text)
            unread += 1
        else:
            kept.setdefault(note.text, note)
    return Notes(tuple(kept.values()), unread)


def _notes(node: Node | None, patient: str) -> Iterator[SourceNote | None]:
    """The notes in a prefetched value; None for one that cannot be read."""
    for resource in resources(node, "DocumentReference", "Composition"):
        check_patient(resource, patient, "subject")
        is_document = resource.find_text("resourceType") == "DocumentReference"
        if not _is_live(resource, is_document):
            continue
        text = _document_text(resource, node) if is_document else _composition_text(resource)
        if text is None:
            yield None
        elif text.strip():
            yield SourceNote(text, _title(resource), resource.find_text("date"))


def _is_live(resource: Node, is_document: bool) -> bool:
    """False for what was withdrawn, and for a draft of software that nobody has reviewed."""
    status = resource.find_text("status")
    if not is_document:
        return status != "entered-in-error"
    document_status = resource.find_text("docStatus")
    if document_status == "preliminary" and _is_labelled(resource):
        return False
    return status in ("", "current") and document_status != "entered-in-error"


def _is_labelled(resource: Node) -> bool:
    meta = resource.find("meta")
    labels = () if meta is None else meta.each("security")
    return any(label.find_text("code") == AI_LABEL["code"] for label in labels)


def _title(resource: Node) -> str:
    kind = resource.find("type")
    named = () if kind is None else concept_words(kind)
    title = resource.find_text("description") or resource.find_text("title")
    return title.strip() or next(iter(named), "")


def _document_text(resource: Node, fetched: Node | None) -> str | None:
    texts = []
    for content in resource.each("content"):
        attachment = content.need("attachment")
        text = attachment_text(attachment)
        if text is None:
            text = _binary_text(attachment.find_text("url"), fetched)
        if text is not None:
            texts.append(text)
    # Several attachments are the same document in several forms.
    return texts[0] if texts else None


def _binary_text(url: str, fetched: Node | None) -> str | None:
    """The text of a Binary that was prefetched with the reference to it."""
    for binary in resources(fetched, "Binary"):
        if url.endswith(f"Binary/{binary.find_text('id')}"):
            return attachment_text(binary)
    return None


def _composition_text(resource: Node) -> str:
    lines: list[str] = []
    for section in resource.each("section"):
        _add_section(section, lines, 1)
    return "\n".join(lines)


def _add_section(section: Node, lines: list[str], level: int) -> None:
    if level > _DEEPEST_SECTION:
        raise Refused(400, "too-deep", path=section.place)
    text = section.find("text")
    div = None if text is None else text.find("div")
    words = "" if div is None else narrative_text(div)
    heading = _heading(section, "zh" if _is_chinese(words) else "en")
    if heading:
        lines.append(f"{heading}：{words}" if _is_chinese(heading) else f"{heading}: {words}")
    elif words:
        lines.append(words)
    for child in section.each("section"):
        _add_section(child, lines, level + 1)


def _heading(section: Node, language: Locale) -> str:
    """Its title where that is a known heading, else the one that its LOINC code stands for."""
    title = section.find_text("title").strip()
    if title and kinds_named(title):
        return title
    code = section.find("code")
    codes = () if code is None else tuple(each.find_text("code") for each in code.each("coding"))
    known = next((kind for kind in section_kinds() if kind.loinc and kind.loinc in codes), None)
    return title if known is None else heading_of(known.id, language)


def _is_chinese(words: str) -> bool:
    return any("\u3400" <= letter <= "\u9fff" for letter in words)
