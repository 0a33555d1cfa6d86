"""A draft inside a note: the edits that insert it, accept it, discard it or put another in place.

An inserted draft stands between two marker lines (``notes/markers.py``) until the doctor accepts
it. Discarding an inserted draft gives back the note as it was, to the character.
"""

from __future__ import annotations

from doctorflan_ls.drafts import Draft, escape_snippet, plain, snippet
from doctorflan_ls.notes.markers import closing, opening
from doctorflan_ls.notes.model import DraftBlock
from doctorflan_ls.notes.note import Note
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Edit, Span, Text


def line_end_of(text: Text) -> str:
    """The line end that the note uses: that of its first line, ``\\n`` where it has one line."""
    if text.line_count == 1:
        return "\n"
    end = text.line_span(0).end
    found = text.slice(Span(end, min(end + 2, len(text))))
    return found if found == "\r\n" else found[:1]


def insertion_offset(note: Note, at: int) -> int:
    """Where a draft asked for at ``at`` goes: the start of the next line, behind a draft there and
    behind the front matter."""
    offset = max(_after_line(note.text, at), note.front)
    for block in note.draft_blocks:
        if block.span.start <= at < block.span.end or block.span.start < offset < block.span.end:
            offset = block.span.end
    return offset


def insert(note: Note, draft: Draft, task: Task, at: int) -> Edit:
    """Insert ``draft``, marked as unreviewed, as lines of their own after the line of ``at``."""
    body = plain(draft, line_end_of(note.text))
    return _inserted(note, _lines(draft, task, body), at)


def insert_snippet(note: Note, draft: Draft, task: Task, at: int) -> Edit:
    """As ``insert``; the text is an LSP snippet with a tab stop for each gap.

    The last stop is the end of the draft, before its closing marker: what is typed on is draft.
    """
    first, _, last = _lines(draft, task, "")
    body = snippet(draft, line_end_of(note.text))
    return _inserted(note, (escape_snippet(first), body, escape_snippet(last)), at)


def accept(note: Note, block: DraftBlock) -> tuple[Edit, ...]:
    """Take the marker lines away: what stood between them is the doctor's from here on."""
    first = Edit(Span(block.span.start, block.body.start), "")
    start = block.body.end
    if not _ends_line(note.text, block.span.end):
        start = max(_before_line_end(note.text, start), block.body.start)
    if start == block.span.end:
        return (first,)
    return (first, Edit(Span(start, block.span.end), ""))


def discard(note: Note, block: DraftBlock) -> Edit:
    """Take the whole block away, and the line end that was put before it at the note's end."""
    start = block.span.start
    if not _ends_line(note.text, block.span.end):
        start = _before_line_end(note.text, start)
    return Edit(Span(start, block.span.end), "")


def regenerate(note: Note, block: DraftBlock, draft: Draft, task: Task) -> Edit:
    """Put ``draft``, marked as unreviewed, in the place of ``block``."""
    line_end = line_end_of(note.text)
    text = line_end.join(_lines(draft, task, plain(draft, line_end)))
    return Edit(block.span, text + (line_end if _ends_line(note.text, block.span.end) else ""))


def block_at(note: Note, offset: int) -> DraftBlock | None:
    """The draft that ``offset`` stands in; behind its last character too where no line end is."""
    for block in note.draft_blocks:
        at_end = offset == block.span.end and not _ends_line(note.text, offset)
        if block.span.start <= offset < block.span.end or at_end:
            return block
    return None


def _lines(draft: Draft, task: Task, body: str) -> tuple[str, str, str]:
    origin = draft.provenance
    model = f"{origin.model} {origin.model_version}".strip()
    title = task.title.in_(origin.language)
    return (
        opening(origin.language, title, task.id, model, draft.id),
        body.rstrip("\r\n"),
        closing(origin.language, draft.id),
    )


def _inserted(note: Note, lines: tuple[str, str, str], at: int) -> Edit:
    line_end = line_end_of(note.text)
    offset = insertion_offset(note, at)
    text = line_end.join(lines)
    unfinished_line = offset > 0 and not _ends_line(note.text, offset)
    return Edit(Span(offset, offset), line_end + text if unfinished_line else text + line_end)


def _after_line(text: Text, offset: int) -> int:
    line = text.line_of(offset)
    if line + 1 < text.line_count:
        return text.line_span(line + 1).start
    return len(text)


def _ends_line(text: Text, offset: int) -> bool:
    return text.slice(Span(offset - 1, offset)) in ("\n", "\r")


def _before_line_end(text: Text, offset: int) -> int:
    if text.slice(Span(offset - 2, offset)) == "\r\n":
        return offset - 2
    return offset - 1 if _ends_line(text, offset) else offset
