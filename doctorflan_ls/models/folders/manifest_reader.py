"""Reading ``model.toml`` with errors that name the file, the line and the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Kind
from doctorflan_ls.models.folders import paths
from doctorflan_ls.models.folders.manifest import MANIFEST_FILE, Manifest, ModelFile, Sample
from doctorflan_ls.tasks.model import Bilingual

# As ``schemas/model.schema.json`` has them.
_ID = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_VERSION = re.compile(r"[0-9A-Za-z]+([.+_-][0-9A-Za-z]+)*")
_TASK = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_KEY = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|keyring:[^\s/]+/\S+")
_LANGUAGES = ("zh", "en")
_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "skeleton")
_MAX_NAME = 64
_MAX_LINE = 300
_MAX_PROSE = 2000
_MAX_QUESTION = 4000
_MAX_ANSWER = 20000
_MAX_ANSWER_TOKENS = 1000
_MAX_FILES = 1000

_HEADER = re.compile(r"\s*\[{1,2}\s*([A-Za-z0-9_.-]+)\s*\]{1,2}")
_ENTRY = re.compile(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*[=.]")


def parse_manifest(text: str, name: str, digest: str) -> Manifest:
    """The manifest of a TOML text; ``name`` names the file in errors. Raises ModelUnavailable."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line = _broken_line(error, text)
        raise ModelUnavailable("manifest.not-toml", at=f"{name}:{line}" if line else name) from None
    reader = _Reader(table, name, _lines(text))
    reader.only(
        *("id", "version", "kind", "licence", "source", "languages", "description", "limits"),
        *("tasks", "context_length", "quantisation", "template", "files", "sample", "hardware"),
        "remote",
    )
    kind = reader.choice("kind", _KINDS)
    files = _files(reader)
    hardware = reader.table("hardware", "memory_mib", "threads")
    url, model, key = _remote(reader, kind, files)
    return Manifest(
        id=_id(reader),
        version=reader.matching("version", _VERSION, _MAX_NAME),
        kind=next(known for known in _KINDS if known == kind),
        licence=reader.line("licence"),
        source=reader.line("source"),
        languages=reader.choices("languages", _LANGUAGES),
        description=reader.bilingual("description"),
        limits=reader.bilingual("limits"),
        digest=digest,
        tasks=reader.matching_all("tasks", _TASK),
        context_length=reader.number("context_length", default=0),
        quantisation=reader.line("quantisation") if reader.has("quantisation") else "",
        template=_template(reader, files) if reader.has("template") else "",
        files=files,
        sample=_sample(reader),
        memory_mib=hardware.number("memory_mib", default=0) if hardware else 0,
        threads=hardware.number("threads", default=0) if hardware else 0,
        url=url,
        model=model,
        key=key,
    )


def is_url(text: str) -> bool:
    """True for the base of a server, without a user name, a password and a query."""
    try:
        # A port that is no number, or brackets that do not close.
        return _URL.fullmatch(text) is not None and urlsplit(text).port != 0
    except ValueError:
        return False


# What a command's options must fit before a manifest is made of them.
FORMS: Mapping[str, Callable[[str], object]] = {
    "id": _ID.fullmatch,
    "url": is_url,
    "key": _KEY.fullmatch,
}


class _Reader:
    """Typed access to one table of the file: every mismatch raises ModelUnavailable."""

    def __init__(
        self, table: Mapping[str, Any], file: str, lines: Mapping[str, int], path: str = ""
    ) -> None:
        self._table = table
        self._file = file
        self._lines = lines
        self._path = path

    def fail(self, key: str, name: str, **fields: object) -> ModelUnavailable:
        """The error ``key`` at the entry ``name`` of this table."""
        at = f"{self._path}{name}"
        above = self._path.removesuffix(".")
        line = next(
            (self._lines[each] for each in (at, f"{at}[0]", above) if each in self._lines), 0
        )
        where = f"{self._file}:{line}" if line else self._file
        return ModelUnavailable(key, at=where, name=at, **fields)

    def has(self, name: str) -> bool:
        return name in self._table

    def only(self, *known: str) -> None:
        for name in self._table:
            if name not in known:
                raise self.fail("manifest.unknown-key", name, known=", ".join(known))

    def text(self, name: str, longest: int) -> str:
        if name not in self._table:
            raise self.fail("manifest.missing-key", name)
        value = self._table[name]
        if not isinstance(value, str) or not value.strip():
            raise self.fail("manifest.not-text", name)
        if len(value) > longest:
            raise self.fail("manifest.too-long", name, limit=longest)
        return value

    def line(self, name: str) -> str:
        value = self.text(name, _MAX_LINE)
        if "\n" in value or "\r" in value:
            raise self.fail("manifest.not-one-line", name)
        return value

    def matching(self, name: str, pattern: re.Pattern[str], longest: int = _MAX_LINE) -> str:
        value = self.text(name, longest)
        if not pattern.fullmatch(value):
            raise self.fail("manifest.bad-form", name, pattern=pattern.pattern)
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self.text(name, _MAX_LINE)
        if value not in known:
            raise self.fail("manifest.not-choice", name, known=", ".join(known))
        return value

    def matching_all(self, name: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        values = self._table.get(name, [])
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise self.fail("manifest.not-texts", name)
        if not all(map(pattern.fullmatch, values)) or len(set(values)) < len(values):
            raise self.fail("manifest.bad-form", name, pattern=pattern.pattern)
        return tuple(values)

    def choices(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        if name not in self._table:
            raise self.fail("manifest.missing-key", name)
        values = self._table[name]
        fits = isinstance(values, list) and values and all(each in known for each in values)
        if not fits or len(set(values)) < len(values):
            raise self.fail("manifest.not-choices", name, known=", ".join(known))
        return tuple(values)

    def number(
        self, name: str, *, least: int = 0, most: int | None = None, default: int | None = None
    ) -> int:
        if name not in self._table and default is None:
            raise self.fail("manifest.missing-key", name)
        value = self._table.get(name, default)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or value < least or (most is not None and value > most):
            wanted = f">= {least}" if most is None else f"{least} ... {most}"
            raise self.fail("manifest.not-number", name, wanted=wanted)
        return int(value)

    def table(self, name: str, *known: str) -> _Reader | None:
        value = self._table.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.fail("manifest.not-table", name, known=", ".join(known))
        inner = _Reader(value, self._file, self._lines, f"{self._path}{name}.")
        inner.only(*known)
        return inner

    def bilingual(self, name: str) -> Bilingual:
        inner = self.table(name, "zh", "en")
        if inner is None:
            raise self.fail("manifest.missing-key", name)
        return Bilingual(inner.text("zh", _MAX_PROSE), inner.text("en", _MAX_PROSE))

    def tables(self, name: str, *known: str) -> list[_Reader]:
        values = self._table.get(name, [])
        if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
            raise self.fail("manifest.not-tables", name)
        if len(values) > _MAX_FILES:
            raise self.fail("manifest.too-many", name, limit=_MAX_FILES)
        readers = [
            _Reader(value, self._file, self._lines, f"{name}[{index}].")
            for index, value in enumerate(values)
        ]
        for reader in readers:
            reader.only(*known)
        return readers


def _id(reader: _Reader) -> str:
    found = reader.matching("id", _ID, _MAX_NAME)
    # The folder is named after it.
    if found == "skeleton" or not paths.is_safe(found):
        raise reader.fail("manifest.reserved-id", "id", id=found)
    return found


def _files(reader: _Reader) -> tuple[ModelFile, ...]:
    files: list[ModelFile] = []
    seen = {paths.folded(MANIFEST_FILE)}
    for each in reader.tables("files", "path", "sha256", "size"):
        path = _path(each, "path")
        if paths.folded(path) in seen:
            raise each.fail("manifest.twice", "path")
        seen.add(paths.folded(path))
        files.append(ModelFile(path, each.matching("sha256", _SHA256), each.number("size")))
    return tuple(files)


def _path(reader: _Reader, name: str) -> str:
    path = reader.text(name, paths.MAX_PATH)
    if not paths.is_safe(path):
        raise reader.fail("manifest.bad-path", name)
    if paths.is_pickle(path):
        raise reader.fail("manifest.pickle", name)
    if paths.is_program(path):
        raise reader.fail("manifest.program", name)
    return path


def _template(reader: _Reader, files: tuple[ModelFile, ...]) -> str:
    path = _path(reader, "template")
    if all(each.path != path for each in files):
        raise reader.fail("manifest.not-a-file", "template")
    return path


def _sample(reader: _Reader) -> Sample | None:
    table = reader.table("sample", "question", "answer", "max_tokens")
    if table is None:
        return None
    return Sample(
        table.text("question", _MAX_QUESTION),
        table.text("answer", _MAX_ANSWER),
        table.number("max_tokens", least=1, most=_MAX_ANSWER_TOKENS),
    )


def _remote(reader: _Reader, kind: str, files: tuple[ModelFile, ...]) -> tuple[str, str, str]:
    table = reader.table("remote", "url", "model", "key")
    if kind != "openai":
        if table is not None:
            raise reader.fail("manifest.remote-not-allowed", "remote", kind=kind)
        if not files:
            raise reader.fail("manifest.no-files", "files", kind=kind)
        return "", "", ""
    if files:
        raise reader.fail("manifest.files-not-allowed", "files", kind=kind)
    if table is None:
        raise reader.fail("manifest.missing-key", "remote")
    key = table.matching("key", _KEY) if table.has("key") else ""
    url = table.text("url", _MAX_PROSE)
    if not is_url(url):
        raise table.fail("manifest.bad-url", "url")
    return url, table.line("model"), key


def _lines(text: str) -> dict[str, int]:
    """The line of each key by its path, counted from 1; what stands in a longer value is missed."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    above = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            above = header[1]
            if line.lstrip().startswith("[["):
                counts[above] = counts.get(above, -1) + 1
                above = f"{above}[{counts[above]}]"
            found.setdefault(above, number)
            above += "."
        elif entry := _ENTRY.match(line):
            found.setdefault(f"{above}{entry[1]}", number)
    return found


def _broken_line(error: Exception, text: str) -> int:
    """Where the file is no TOML; the decoder's own words could quote it. 0 where unknown."""
    if where := re.search(r"at line (\d+)", str(error)):
        return int(where[1])
    return len(text.splitlines()) if "end of document" in str(error) else 0
