"""Change one value of the user's settings file; the rest of it, comments too, stays as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from doctorflan_ls.errors import BadSetting


def set_table(path: Path, section: str, name: str, values: Mapping[str, str]) -> None:
    """Replace the table ``[section.name]`` of the file ``path``, which need not exist.

    Raises BadSetting, and leaves the file alone, where it is no TOML or cannot be written.
    """
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        document = tomlkit.parse(old)
        outer = document.setdefault(section, tomlkit.table(is_super_table=True))
        if not isinstance(outer, Table):
            raise BadSetting("settings.not-a-table", origin=f"{path}: {section}")
        table = tomlkit.table()
        for key, value in values.items():
            table.add(key, value)
        outer[name] = table
        _replace(path, tomlkit.dumps(document))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadSetting("settings.not-toml", path=path, reason=type(error).__name__) from error
    except OSError as error:
        raise BadSetting("settings.unwritable", path=path, reason=error.strerror) from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, so that a full disk or a crash leaves the old one whole.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
