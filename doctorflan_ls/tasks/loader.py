"""Reading a task from its TOML file, with errors that name the file and the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.notes.model import FactKind
from doctorflan_ls.tasks.lines import line_of, syntax_error
from doctorflan_ls.tasks.model import Bilingual, Element, Origin, Phase, Task

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_PINYIN = re.compile(r"[a-z]+")
_TASK_KEYS = frozenset({"id", "order", "category", "origin", "phase", "pinyin", "title"}) | {
    *("description", "instruction", "elements", "sections", "doc_types", "needs")
}
_ELEMENT_KEYS = frozenset({"key", "title", "ask", "sources", "knowledge", "optional"})


class BadTaskFile(DoctorFlanError):
    """A task file does not hold a task.

    ``file``, ``where`` (the key), ``why`` and the ``line``, counted from 1 (0 where there is none),
    say what is wrong.
    """

    def __init__(self, file: str, where: str, why: str, line: int = 0) -> None:
        place = f"{file}:{line}" if line else file
        key = "tasks.bad-file" if where else "tasks.bad-toml"
        super().__init__(key, file=place, where=where, why=why)
        self.file = file
        self.where = where
        self.why = why
        self.line = line


class _Reader:
    """Typed access to one table of the file: every mismatch raises BadTaskFile."""

    def __init__(self, table: Mapping[str, Any], file: str, path: str = "") -> None:
        self._table = table
        self._file = file
        self._path = path

    def fail(self, key: str, why: str, index: int | None = None) -> BadTaskFile:
        place = "" if index is None else f"[{index}]"
        return BadTaskFile(self._file, f"{self._path}{key}{place}", why)

    def only(self, known: Iterable[str]) -> None:
        for key in self._table:
            if key not in known:
                raise self.fail(key, "unknown key")

    def text(self, key: str) -> str:
        value = self._table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(key, "must be a non-empty string")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.fail(key, f"must be one of {', '.join(allowed)}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.fail(key, f"must match {pattern.pattern}")
        return value

    def flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(key, "must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, "must be a list of strings")
        return tuple(value)

    def bilingual(self, key: str) -> Bilingual:
        value = self._table.get(key)
        if not isinstance(value, dict):
            raise self.fail(key, "must be a table with zh and en")
        inner = _Reader(value, self._file, f"{self._path}{key}.")
        inner.only(("zh", "en"))
        return Bilingual(inner.text("zh"), inner.text("en"))

    def tables(self, key: str) -> list[_Reader]:
        value = self._table.get(key)
        if not isinstance(value, list | tuple) or not value:
            raise self.fail(key, "must be a non-empty list of tables")
        readers = []
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.fail(key, "must be a table", index)
            readers.append(_Reader(item, self._file, f"{key}[{index}]."))
        return readers


def _element(reader: _Reader) -> Element:
    reader.only(_ELEMENT_KEYS)
    return Element(
        key=reader.matching("key", _KEY),
        title=reader.bilingual("title"),
        ask=reader.bilingual("ask"),
        sources=reader.texts("sources"),
        knowledge=reader.flag("knowledge"),
        optional=reader.flag("optional"),
    )


def _elements(reader: _Reader) -> tuple[Element, ...]:
    elements = tuple(_element(item) for item in reader.tables("elements"))
    keys = [element.key for element in elements]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise reader.fail("elements", "has the key of an earlier one", index)
        if not elements[index].sources and not elements[index].knowledge:
            raise reader.fail("elements", "needs sources or knowledge = true", index)
    return elements


def _needs(reader: _Reader) -> tuple[FactKind, ...]:
    known: tuple[FactKind, ...] = get_args(FactKind)
    wanted = reader.texts("needs")
    for name in wanted:
        if name not in known:
            raise reader.fail("needs", f"unknown fact kind {name}")
    return tuple(kind for kind in known if kind in wanted)


def load_task(source: str, file: str) -> Task:
    """The task of a TOML text; ``file`` names it in errors. Raises BadTaskFile, with the line."""
    try:
        table = tomllib.loads(source)
    except ValueError as error:
        # A number of thousands of digits is refused by Python itself.
        why, line = syntax_error(error, source)
        raise BadTaskFile(file, "", f"not valid TOML: {why}", line) from None
    except RecursionError:
        raise BadTaskFile(file, "", "not valid TOML: nested too deeply") from None
    try:
        return read_task(table, file)
    except BadTaskFile as error:
        line = line_of(source, error.where)
        raise BadTaskFile(file, error.where, error.why, line) from None


def read_task(table: Mapping[str, Any], file: str) -> Task:
    """The task that a parsed file, or a task as plain data, holds. Raises BadTaskFile."""
    reader = _Reader(table, file)
    reader.only(_TASK_KEYS)
    origins: tuple[Origin, ...] = get_args(Origin)
    phases: tuple[Phase, ...] = get_args(Phase)
    origin = reader.choice("origin", origins)
    phase = reader.choice("phase", phases)
    return Task(
        id=reader.matching("id", _ID),
        category=reader.text("category"),
        origin=next(known for known in origins if known == origin),
        phase=next(known for known in phases if known == phase),
        title=reader.bilingual("title"),
        description=reader.bilingual("description"),
        instruction=reader.bilingual("instruction"),
        pinyin=reader.matching("pinyin", _PINYIN),
        elements=_elements(reader),
        sections=reader.texts("sections"),
        doc_types=reader.texts("doc_types"),
        needs=_needs(reader),
    )
