"""Change one value of the user's settings file; the rest of it, comments too, stays as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, Table

from doctorflan_ls.errors import BadSetting


def add_name(path: Path, section: str, name: str, value: str) -> None:
    """Add ``value`` to the list ``section.name`` of the file ``path``, which need not exist.

    Raises as ``set_table`` does, also where the list is none.
    """
    with _document(path) as document:
        outer = document.setdefault(section, tomlkit.table())
        if not isinstance(outer, Table):
            raise BadSetting("settings.not-a-table", origin=f"{path}: {section}")
        names = outer.setdefault(name, tomlkit.array())
        if not isinstance(names, Array):
            raise BadSetting("settings.not-a-table", origin=f"{path}: {section}.{name}")
        if value not in names.unwrap():
            names.append(value)


def set_table(path: Path, section: str, name: str, values: Mapping[str, str]) -> None:
    """Replace the table ``[section.name]`` of the file ``path``, which need not exist.

    Raises BadSetting, and leaves the file alone, where it is no TOML or cannot be written.
    """
    with _document(path) as document:
        outer = document.setdefault(section, tomlkit.table(is_super_table=True))
        if not isinstance(outer, Table):
            raise BadSetting("settings.not-a-table", origin=f"{path}: {section}")
        table = tomlkit.table()
        for key, value in values.items():
            table.add(key, value)
        outer[name] = table


@contextmanager
def _document(path: Path) -> Iterator[TOMLDocument]:
    """The file's content, written back when the block is left."""
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        document = tomlkit.parse(old)
        yield document
        _replace(path, tomlkit.dumps(document))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadSetting("settings.not-toml", path=path, reason=type(error).__name__) from error
    except OSError as error:
        raise BadSetting("settings.unwritable", path=path, reason=error.strerror) from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, so that a full disk or a crash leaves the old one whole.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError:
        # Half of a file is of no use to anybody.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
