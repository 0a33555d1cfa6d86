"""A note at one version: its language, type, sections, facts and drafts.

A note never changes. An edit gives a new one that shares every block the edit did not touch, and
what is asked of a note is worked out when it is first asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate, zip_longest

from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.blocks import CONTEXT, Block, Setting, cut
from doctorflan_ls.notes.context import Reading, type_in
from doctorflan_ls.notes.front_matter import front_matter_end, read_front_matter
from doctorflan_ls.notes.language import language_of
from doctorflan_ls.notes.memo import Memo, Since
from doctorflan_ls.notes.model import DraftBlock, Fact, Section, Sex
from doctorflan_ls.notes.outline import Layout, Path, drafts, laid_out, paths
from doctorflan_ls.notes.patient import SETTLED, Patient, read_patient
from doctorflan_ls.notes.sections import Earlier, Outline, assemble, head_of, section_from
from doctorflan_ls.text import Span, Text


class Note:
    """One clinical document at one version; made by ``parse_note`` and ``edited`` only."""

    uri: str
    version: int
    text: Text

    def __init__(self, text: Text, uri: str, version: int, layout: Layout) -> None:
        self.text = text
        self.uri = uri
        self.version = version
        self._layout = layout
        self._blocks, self._quiet, self._paths = layout
        # The outline of an earlier version, and what it has in common with this one.
        self._earlier: Earlier | None = None
        self.memo = Memo()
        self.since: Since | None = None
        """What was changed since the latest reading in ``memo``."""

    @cached_property
    def _ends(self) -> list[int]:
        """The end of each block."""
        return list(accumulate(len(block.text) for block in self._blocks))

    @cached_property
    def _letters(self) -> tuple[int, int]:
        counts = [block.letters for block in self._blocks]
        return sum(chinese for chinese, _ in counts), sum(latin for _, latin in counts)

    @cached_property
    def language(self) -> Locale:
        """The language of most of its words."""
        return language_of(*self._letters)

    @cached_property
    def doc_type(self) -> str | None:
        """The id of its document type (``data/doc_types.toml``); None where none fits."""
        sections = {path[-1].id for path in self._paths if path}
        return self.stated_type or doctype.detect("", sections, self.language)

    @cached_property
    def stated_type(self) -> str | None:
        """The type that its front matter or its title names; None where neither does."""
        told = type_in(self.front_matter.context.doc_type, self.language)
        return told or doctype.by_title(self.slice(Span(self.front, self.front + doctype.HEAD)))

    @property
    def front(self) -> int:
        """Where its front matter ends; 0 where it has none."""
        first = self._blocks[0] if self._blocks else None
        return len(first.text) if first is not None and first.is_front else 0

    @cached_property
    def front_matter(self) -> Reading:
        """What its front matter says, and what of it could not be read."""
        return read_front_matter(self.slice(Span(0, self.front)))

    @cached_property
    def _outline(self) -> Outline:
        outline = assemble(self._layout, self._ends, self._earlier)
        self._earlier = None
        return outline

    @property
    def sections(self) -> tuple[Section, ...]:
        """Its sections in the order of their headings; a part follows its container."""
        return self._outline.sections

    @cached_property
    def patient(self) -> Patient:
        """The sex and age of the patient, where the note's beginning says them."""
        # The note begins behind its front matter.
        ends = accumulate((len(block.text) for block in self._blocks), initial=-self.front)
        next(ends)
        rows = zip(ends, self._blocks, self._quiet, self._paths, strict=True)
        return read_patient(
            (end - len(block.text), block, Setting(_section_id(path), self.language, None, None))
            for end, block, quiet, path in rows
            if not quiet
        )

    @property
    def sex(self) -> Sex | None:
        """The patient's sex, where the note's beginning says it."""
        return self.patient.sex

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Its facts in the order they stand; drafts that nobody reviewed have none."""
        return tuple(fact for at in range(len(self._blocks)) for fact in self._block_facts(at))

    def _block_facts(self, index: int) -> tuple[Fact, ...]:
        if self._quiet[index]:
            return ()
        block, path = self._blocks[index], self._paths[index]
        setting = Setting(_section_id(path), self.language, *self.patient)
        return block.facts(setting, self._ends[index] - len(block.text))

    @cached_property
    def draft_blocks(self) -> tuple[DraftBlock, ...]:
        """The unreviewed drafts that stand in it."""
        return tuple(self._draft_block(*ends) for ends in drafts(self._blocks))

    @cached_property
    def marker_lines(self) -> tuple[Span, ...]:
        """Its marker lines, also one that was left over of a draft: no words of the record."""
        if True not in self._quiet:
            return ()
        rows = zip(self._blocks, self._ends, strict=True)
        return tuple(Span(end - len(each.text), end) for each, end in rows if each.marker)

    def _draft_block(self, first: int, last: int) -> DraftBlock:
        opening = self._blocks[first]
        marker = opening.marker
        if marker is None:
            raise IndexError(first)
        body = Span(self._ends[first], self._ends[last - 1])
        span = Span(body.start - len(opening.text), self._ends[last])
        return DraftBlock(marker.id, marker.task, marker.model, span, body)

    def slice(self, span: Span) -> str:
        """The text of ``span``."""
        return self.text.slice(span)

    def section_at(self, offset: int) -> Section | None:
        """The innermost section that ``offset`` stands in, blanks after it included.

        None before the first heading.
        """
        index = min(bisect_right(self._ends, max(offset, 0)), len(self._blocks) - 1)
        head = head_of(self._layout, index)
        if head is not None and head == index and offset < self._heading_start(head):
            head = head_of(self._layout, index - 1)
        return None if head is None else section_from(self._layout, self._ends, head)

    def _heading_start(self, index: int) -> int:
        block = self._blocks[index]
        indent = block.heading.start if block.heading is not None else 0
        return self._ends[index] - len(block.text) + indent

    def facts_in(self, span: Span) -> tuple[Fact, ...]:
        """The facts that share a character with ``span``, or that an empty ``span`` touches.

        Costs what the text under ``span`` costs.
        """
        first = bisect_left(self._ends, span.start)
        last = bisect_left(self._ends, span.end)
        empty = span.start >= span.end
        return tuple(
            fact
            for index in range(first, min(last + 1, len(self._blocks)))
            for fact in self._block_facts(index)
            if (
                fact.span.start <= span.start <= fact.span.end
                if empty
                else fact.span.overlaps(span)
            )
        )

    def sections_of(self, *ids: str) -> tuple[Section, ...]:
        """Its sections with one of these ids, in the order they stand."""
        blocks, quiet, paths = self._layout
        return tuple(
            section_from(self._layout, self._ends, at)
            for at, path in enumerate(paths)
            if path and path[-1].id in ids and blocks[at].heading is not None and not quiet[at]
        )

    def edited(self, span: Span, replacement: str, version: int) -> Note:
        """The note with ``span`` (clamped to the text) replaced, as ``version``."""
        size = len(self.text)
        start = min(max(span.start, 0), size)
        end = min(max(span.end, start), size)
        text = self.text.replaced(Span(start, end), replacement)
        front = front_matter_end(text)
        if (front or self.front) and (start < self.front or front != self.front):
            return parse_note(text, self.uri, version)
        # The front matter is a block that nothing behind it changes.
        first = max(bisect_right(self._ends, start - CONTEXT), 1 if front else 0)
        last = min(bisect_left(self._ends, end + CONTEXT) + 1, len(self._blocks))
        begin = self._ends[first - 1] if first else 0
        stop = (self._ends[last - 1] if last else 0) + len(text) - size
        fresh = _cut(text, begin, stop)
        old = self._blocks[first:last]
        head = _common(old, fresh)
        tail = _common(old[head:][::-1], fresh[head:][::-1])
        first, last = first + head, last - tail
        middle = fresh[head : len(fresh) - tail]
        for block in middle:
            block.succeeds(self._blocks[first:last])
        edited = self._spliced(text, version, first, last, tuple(middle))
        known = self.__dict__.get("patient")
        has_markers = True in self._quiet or True in edited._quiet
        if (
            known
            and start - front > SETTLED
            and not has_markers
            and edited.language == self.language
        ):
            edited.__dict__["patient"] = known
        edited.memo = self.memo
        if self.since is not None:
            edited.since = self.since.edited(Span(start, end), len(replacement))
        if "front_matter" in self.__dict__:
            edited.__dict__["front_matter"] = self.front_matter
        return edited

    def _spliced(
        self, text: Text, version: int, first: int, last: int, middle: tuple[Block, ...]
    ) -> Note:
        """The note with blocks ``first`` to ``last`` replaced by ``middle``."""
        blocks = (*self._blocks[:first], *middle, *self._blocks[last:])
        old = self._blocks[first:last]
        if any(block.marker for block in (*old, *middle)):
            note = Note(text, self.uri, version, laid_out(blocks))
        else:
            silent = True in self._quiet and any(
                opens < first <= closes for opens, closes in drafts(self._blocks)
            )
            quiet = (*self._quiet[:first], *[silent] * len(middle), *self._quiet[last:])
            spliced, same = self._spliced_paths(blocks, quiet, first, last)
            note = Note(text, self.uri, version, Layout(blocks, quiet, spliced))
            earlier = self._earlier
            if "_outline" in self.__dict__:
                note._earlier = Earlier(self._outline, first, same)
            elif earlier is not None:
                note._earlier = earlier.narrowed(first, same)
        chinese, latin = self._letters
        for sign, changed in ((-1, old), (1, middle)):
            chinese += sign * sum(block.letters[0] for block in changed)
            latin += sign * sum(block.letters[1] for block in changed)
        note.__dict__["_letters"] = chinese, latin
        return note

    def _spliced_paths(
        self, blocks: tuple[Block, ...], quiet: tuple[bool, ...], first: int, last: int
    ) -> tuple[tuple[Path, ...], int]:
        """The open sections after each block; read on past the edit until they are as before.

        Also how many of the last blocks stand in the sections they stood in.
        """
        known = self._paths
        shift = len(blocks) - len(known)
        kept = list(known[:first])
        path = kept[-1] if kept else ()
        before = known[last - 1] if last else ()
        fresh = paths(blocks[first:], quiet[first:], path)
        while len(kept) < last + shift:
            path = next(fresh)
            kept.append(path)
        while path != before and len(kept) < len(blocks):
            path = next(fresh)
            before = known[len(kept) - shift]
            kept.append(path)
        return (*kept, *known[len(kept) - shift :]), len(blocks) - len(kept)


def _section_id(path: Path) -> str:
    return path[-1].id if path else ""


def _common(old: tuple[Block, ...] | list[Block], new: tuple[Block, ...] | list[Block]) -> int:
    """How many leading blocks are equal."""
    return next(
        (at for at, (one, two) in enumerate(zip_longest(old, new)) if one != two),
        len(old),
    )


def _cut(text: Text, start: int, end: int) -> list[Block]:
    if start == 0 and (front := front_matter_end(text)):
        matter = Block(text.slice(Span(0, front)), is_front=True)
        return [matter, *(_cut(text, front, end) if front < end else ())]
    before = max(start - CONTEXT, 0)
    window = text.slice(Span(before, min(end + CONTEXT, len(text))))
    return cut(window, start - before, end - before)


def parse_note(text: str | Text, uri: str = "", version: int = 0) -> Note:
    """Read a note. Never fails: what is no note has no sections and no facts."""
    document = text if isinstance(text, Text) else Text(text)
    blocks = tuple(_cut(document, 0, len(document)))
    return Note(document, uri, version, laid_out(blocks))
