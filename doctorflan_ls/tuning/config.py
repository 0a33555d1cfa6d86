"""The file that describes a run of tuning, read with one line for each problem."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.settings.kinds import Unfit
from doctorflan_ls.tuning.keys import SECTIONS, Base, Data, Method, Run, Training

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_ENTRY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TuneConfig:
    """A run of tuning. Paths are relative to the file's folder, ``at``."""

    at: Path
    base: Base
    data: Data
    run: Run
    method: Method = field(default_factory=Method)
    training: Training = field(default_factory=Training)

    def path(self, given: str) -> Path:
        """A path of the file."""
        return (self.at / Path(given).expanduser()).absolute()

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.path(self.run.folder)

    @property
    def learning_rate(self) -> float:
        """The highest learning rate, the method's own where none is given."""
        default = 2e-4 if self.method.kind == "lora" else 2e-5
        return self.training.learning_rate or default


def read_config(path: Path) -> tuple[TuneConfig | None, tuple[BadRequest, ...]]:
    """The run that the TOML file ``path`` describes, or every problem that it has."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, (BadRequest("tune.unreadable", name=path, reason=reason),)
    if len(raw) > _MAX_BYTES:
        return None, (BadRequest("tune.unreadable", name=path, reason="> 1 MiB"),)
    try:
        text = raw.decode("utf-8-sig")
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        at = f"{path}:{found[1]}" if found else str(path)
        return None, (BadRequest("tune.not-toml", at=at),)
    reader = _Reader(path, _lines(text))
    sections = {name: reader.section(name, table.pop(name, {})) for name in SECTIONS}
    for name in table:
        nearest = _nearest(name, list(SECTIONS))
        reader.fail(name, "tune.unknown-key", nearest=nearest)
    _together(sections, reader)
    if reader.problems:
        return None, tuple(reader.problems)
    return TuneConfig(path.parent.absolute(), **sections), ()


class _Reader:
    """Values of the file's tables; what is wrong is gathered."""

    def __init__(self, path: Path, lines: Mapping[str, int]) -> None:
        self._path = path
        self._lines = lines
        self.problems: list[BadRequest] = []

    def fail(self, key: str, problem: str, **more: object) -> None:
        line = self._lines.get(key, self._lines.get(key.partition(".")[0], 0))
        at = f"{self._path}:{line}" if line else str(self._path)
        self.problems.append(BadRequest(problem, at=at, name=key, **more))

    def section(self, name: str, given: object) -> Any:
        kind = SECTIONS[name]
        if not isinstance(given, dict):
            self.fail(name, "tune.not-table")
            given = {}
        known = {each.name: each for each in fields(kind)}
        for key in given.keys() - known.keys():
            self.fail(f"{name}.{key}", "tune.unknown-key", nearest=_nearest(key, list(known)))
        values = {key: self._value(f"{name}.{key}", each, given) for key, each in known.items()}
        return kind(**values)

    def _value(self, path: str, declared: Any, given: Mapping[str, object]) -> object:
        kind, default = declared.metadata["kind"], declared.metadata["default"]
        if declared.name not in given:
            if default is None:
                self.fail(path, "tune.missing-key")
            return default
        try:
            value = kind.accept(given[declared.name])
        except Unfit:
            self.fail(path, "tune.bad-value", expected=kind.expected)
            return default
        if default is None and not value:
            self.fail(path, "tune.bad-value", expected=kind.expected)
        return value


def _together(sections: Mapping[str, Any], reader: _Reader) -> None:
    """What no key says alone."""
    training = sections["training"]
    if not training.steps and not training.epochs:
        reader.fail("training.epochs", "tune.bad-value", expected="> 0")


def _nearest(name: str, known: list[str]) -> str:
    return ", ".join(difflib.get_close_matches(name, known, n=1) or known)


def _lines(text: str) -> dict[str, int]:
    """The line of each table and key, from 1."""
    found: dict[str, int] = {}
    above = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            above = header[1]
            found.setdefault(above, number)
        elif entry := _ENTRY.match(line):
            found.setdefault(f"{above}.{entry[1]}" if above else entry[1], number)
    return found
