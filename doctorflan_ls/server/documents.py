"""The open documents of one connection, kept in step with the editor's buffers.

Nothing is ever read from disk: a document that is not open does not exist here. The text is
``doctorflan_ls.text.Text``, because pygls' documents split lines where LSP has none.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doctorflan_ls.incidents import report
from doctorflan_ls.server.convert import Places
from doctorflan_ls.server.outline import OutlineCache
from doctorflan_ls.text import Encoding, Position, Span, Text

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Iterator

    from doctorflan_ls.dismissals import Dismissed
    from doctorflan_ls.notes.context import Context
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.server.plugged import Looking


@dataclass(frozen=True, slots=True)
class Change:
    """One content change: ``range`` is None where ``text`` is the whole new text."""

    text: str
    range: tuple[Position, Position] | None = None


# A word that was typed at so recently, in seconds, is not finished.
WORD_SECONDS = 1.0
_WORD = re.compile(r"[^\W_]")
_LONGEST_KEY = 8


@dataclass(slots=True)
class Document:
    """One buffer. ``note`` is read when first needed and edited in place of being read again.

    ``told`` is what the client told of it (doctorflan/context).
    """

    uri: str
    version: int
    text: Text
    told: Context | None = field(default=None, repr=False)
    outline: OutlineCache = field(default_factory=OutlineCache, repr=False)
    # The latest look of plugins' checks at it.
    brought: Looking | None = field(default=None, repr=False)
    # What is made of the whole of it on a thread.
    working: asyncio.Future[Any] | None = field(default=None, repr=False)
    # Findings that somebody asked for and whose turn has not come.
    due: asyncio.Future[Any] | None = field(default=None, repr=False)
    # What the doctor put aside in it; None where that was not looked up yet.
    dismissed: Dismissed | None = field(default=None, repr=False)
    # The word that the latest change typed at, and when (``time.monotonic``).
    typed: tuple[Span, float] | None = field(default=None, repr=False)
    _note: Note | None = field(default=None, repr=False)

    @property
    def note(self) -> Note:
        """The note that the buffer holds now; it never changes once handed out."""
        if self._note is None:
            from doctorflan_ls.notes.note import parse_note  # noqa: PLC0415  # starts faster

            self._note = parse_note(self.text, self.uri, self.version)
        return self._note

    def being_typed(self) -> Span | None:
        """The place of the latest change, where it is recent enough that a word may go on there."""
        if self.typed is None or time.monotonic() - self.typed[1] >= WORD_SECONDS:
            return None
        return self.typed[0]

    def let_go(self) -> None:
        """Let what was read be freed at once: reading and note hold each other."""
        if self._note is not None:
            self._note.memo.latest = None

    def read_again(self) -> None:
        """Read the note afresh when it is next needed: what it is read with has changed."""
        self._note = None
        self.outline = OutlineCache()

    def apply(self, changes: Iterable[Change], version: int, encoding: Encoding) -> None:
        """Apply ``changes`` one after the other and take ``version``."""
        typed = None
        for change in changes:
            span = self._span(change, encoding)
            self._replace(span, change.text, version)
            typed = _word_at(self.text, span, change)
        if self._note is not None and self._note.version != version:
            # Nothing was changed; what is made of the note, an action, is of its version.
            self._replace(Span(0, 0), "", version)
        self.version = version
        self.typed = None if typed is None else (typed, time.monotonic())

    def _replace(self, span: Span, replacement: str, version: int) -> None:
        self.outline.edited(span, len(self.text))
        note, self._note = self._note, None
        if note is not None:
            try:
                self._note = note.edited(span, replacement, version)
            # The buffer must stay right whatever the reader does; the note is then read afresh.
            except Exception as error:  # noqa: BLE001
                report(error)
        if self._note is not None:
            self.text = self._note.text
        else:
            self.text = self.text.replaced(span, replacement)

    def _span(self, change: Change, encoding: Encoding) -> Span:
        if change.range is None:
            return Span(0, len(self.text))
        return Places(self.text, encoding).span(change.range)


class Documents:
    """The documents that are open, by the URI exactly as the client writes it."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[str]:
        """The URIs, in the order of opening; a document may be closed meanwhile."""
        return iter(tuple(self._open))

    def __contains__(self, uri: object) -> bool:
        return uri in self._open

    def open(self, uri: str, version: int, text: str) -> Document:
        """Take a buffer in; one that is open already starts anew."""
        document = self._open[uri] = Document(uri, version, Text(text))
        return document

    def close(self, uri: str) -> bool:
        """Forget a buffer; False where it was not open."""
        document = self._open.pop(uri, None)
        if document is not None:
            document.let_go()
        return document is not None

    def get(self, uri: str) -> Document | None:
        """The document, or None where it is not open."""
        return self._open.get(uri)

    def read_again(self) -> None:
        """Read every note afresh."""
        for document in self._open.values():
            document.read_again()

    def clear(self) -> None:
        """Forget all."""
        for document in self._open.values():
            document.let_go()
        self._open.clear()


def _word_at(text: Text, span: Span, change: Change) -> Span | None:
    """Where ``change``, made at ``span``, ends within a word that is being typed.

    What is pasted, and what ends with a blank or a mark, is finished.
    """
    if change.range is None or not 0 < len(change.text) <= _LONGEST_KEY:
        return None
    end = span.start + len(change.text)
    return Span(span.start, end) if _WORD.match(text.slice(Span(end - 1, end))) else None
