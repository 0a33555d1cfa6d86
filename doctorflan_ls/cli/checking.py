"""Notes checked one by one, on all cores where there are many of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.features.analysis import finding_json
from doctorflan_ls.features.diagnostics import UNREVIEWED, of_drafts
from doctorflan_ls.features.score import score_json
from doctorflan_ls.features.snapshot import Snapshot
from doctorflan_ls.i18n import Locale
from doctorflan_ls.notefile import STANDARD_INPUT, BadNoteFile, read_note
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.plugins import Plugins, Selection
from doctorflan_ls.plugins.hooks import findings
from doctorflan_ls.rulebook import check_options
from doctorflan_ls.score.book import score_tables
from doctorflan_ls.score.indicators import Row, indicators
from doctorflan_ls.server.quiet import spare_pauses
from doctorflan_ls.settings import Settings

# Below so many notes starting processes takes longer than the notes.
_FEW = 32
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """How notes are to be checked; small enough to go to another process."""

    settings: Settings
    locale: Locale


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in the note at ``path``; ``problem`` says why it could not be read.

    ``findings`` and ``score`` are as ``schemas/analysis.schema.json`` has them, each finding with
    its ``line`` and ``column``, from 1, besides; ``drafts`` is the number of drafts that nobody
    reviewed, ``counted`` what the note adds to each indicator: of how many, how many.
    """

    path: str
    doc_type: str | None = None
    language: str = ""
    findings: tuple[dict[str, Any], ...] = ()
    drafts: int = 0
    score: dict[str, Any] | None = None
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)
    problem: str = ""


def check_all(paths: Sequence[str], wanted: Wanted, cores: int) -> Iterator[Checked]:
    """The notes at ``paths`` checked, in their order."""
    if len(paths) < _FEW or cores < 2:
        checker = Checker(wanted)
        yield from (checker.check(path) for path in paths)
        return
    # Forked workers share the tables that are read before; where there is no fork each reads them.
    with suppress(ValueError):
        Checker(wanted).warm()
    with ProcessPoolExecutor(cores, _context(), _begin, (wanted,)) as pool:
        yield from pool.map(_one, paths, chunksize=_CHUNK)


def _context() -> Any:  # noqa: ANN401  (the type differs by platform)
    try:
        return get_context("fork")
    except ValueError:
        return get_context("spawn")


class Checker:
    """Checks notes in one process."""

    def __init__(self, wanted: Wanted) -> None:
        # The tables are many objects that live on; notes are freed by reference counts.
        spare_pauses()
        self._wanted = wanted
        self._options: CheckOptions = check_options(wanted.settings)
        self._tables = score_tables(wanted.settings.checks.score_table).tables
        chosen = wanted.settings.plugins
        self._plugins = Plugins(Selection(chosen.allow, chosen.folder))
        registry = self._plugins.load()
        from doctorflan_ls.notes.brought import read_with  # noqa: PLC0415

        read_with(registry.sections, registry.terms)

    def warm(self) -> None:
        """Read the tables."""
        self._snapshot(parse_note("主诉：咳嗽3天\n")).findings()

    def check(self, path: str) -> Checked:
        """The note at ``path`` (- is standard input)."""
        try:
            file = read_note(path)
        except BadNoteFile as error:
            return Checked(_shown(path), problem=error.user_message(self._wanted.locale))
        uri = "" if path == STANDARD_INPUT else Path(path).resolve().as_uri()
        note = parse_note(file.text, uri)
        try:
            return self._checked(_shown(path), note)
        finally:
            # Reading and note hold each other: so the note is freed at once.
            note.memo.latest = None

    def _snapshot(self, note: Note) -> Snapshot:
        brought = findings(self._plugins, note, self._options)
        return Snapshot(
            note,
            self._wanted.locale,
            checks=self._options,
            registry=self._plugins.registry,
            brought=brought,
            score_tables=self._tables,
        )

    def _checked(self, path: str, note: Note) -> Checked:
        snapshot = self._snapshot(note)
        found = snapshot.findings()
        rows = [
            finding_json(each, self._wanted.locale) | _place(note, each.span.start)
            for each in found
        ]
        if UNREVIEWED not in self._options.disabled:
            rows += [each.to_json() | _place(note, each.span.start) for each in of_drafts(snapshot)]
        score = snapshot.score(found)
        counted = indicators([Row(note, found, score, self._options.context)])
        return Checked(
            path,
            note.doc_type,
            note.language,
            tuple(rows),
            len(note.draft_blocks),
            score_json(score, self._wanted.locale),
            {each.id: (each.numerator, each.denominator) for each in counted},
        )


def _shown(path: str) -> str:
    """``path`` as a report can hold it: a name may be no UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _place(note: Note, offset: int) -> dict[str, int]:
    line = note.text.line_of(offset)
    return {"line": line + 1, "column": offset - note.text.line_span(line).start + 1}


_checker: Checker | None = None


def _begin(wanted: Wanted) -> None:
    global _checker  # noqa: PLW0603  (one for each process of the pool)
    _checker = Checker(wanted)


def _one(path: str) -> Checked:
    assert _checker is not None  # noqa: S101  (the pool begins each process with ``_begin``)
    return _checker.check(path)
