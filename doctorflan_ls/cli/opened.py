"""A note opened for a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.cli.exits import printable, say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.notefile import STANDARD_INPUT, read_note
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.text import Span


@dataclass(frozen=True, slots=True)
class Opened:
    """A parsed note under the name that messages call it by."""

    name: str
    note: Note

    @property
    def whole(self) -> Span:
        """All of it."""
        return Span(0, len(self.note.text))

    def line(self, offset: int) -> int:
        """The number, from 1, of the line at ``offset``."""
        return self.note.text.line_of(offset) + 1


def open_note(path: str, session: Session) -> Opened:
    """Read and parse the note at ``path``; says so where it is not in UTF-8. Raises BadNoteFile."""
    file = read_note(path)
    if file.encoding != "utf-8":
        text = message("cli.read-as", session.locale, name=file.name, encoding=file.encoding)
        say(text)
    uri = "" if path == STANDARD_INPUT else Path(path).resolve().as_uri()
    return Opened(printable(file.name), parse_note(file.text, uri))


def draft_language(opened: Opened, session: Session, chosen: Locale | None) -> Locale:
    """The language of drafts: the option, the setting, or the note's own."""
    if chosen is not None:
        return chosen
    setting = session.settings.draft.language
    return opened.note.language if setting == "auto" else setting
