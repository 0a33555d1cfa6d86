"""A plugin's checkout, loaded as if it were installed: its pyproject.toml says what there is."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.hookspecs import BUDGETS, GROUP
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.plugins import Plugins, Selection
from doctorflan_ls.plugins.loading import Point, canonical


def load_project(folder: Path, budgets: Mapping[str, float] = BUDGETS) -> Plugins:
    """The plugins of the checkout in ``folder`` and no others, loaded; notes are read with them.

    Its modules are imported from ``src`` or from ``folder`` itself. Raises BadRequest where there
    is no pyproject.toml with an entry point of ours.
    """
    points = tuple(points_of(folder))
    plugins = Plugins(Selection(), lambda: points, budgets)
    registry = plugins.load()
    read_with(registry.sections, registry.terms)
    return plugins


def points_of(folder: Path) -> Iterator[Point]:
    """The entry points that the checkout declares; raises BadRequest as `load_project` does."""
    file = folder / "pyproject.toml"
    project = _project(file)
    groups = project.get("entry-points", {})
    entries = groups.get(GROUP, {}) if isinstance(groups, dict) else {}
    name = project.get("name")
    if not isinstance(name, str) or not isinstance(entries, dict) or not entries:
        raise BadRequest("plugins.no-entry-point", file=file, group=GROUP)
    root = folder / "src" if (folder / "src").is_dir() else folder
    version = project.get("version")
    for entry, value in sorted(entries.items()):
        shown = version if isinstance(version, str) else ""
        yield Point(canonical(name), shown, entry, _importer(str(value), root))


def _project(file: Path) -> dict[str, Any]:
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadRequest("plugins.no-project", file=file, reason=reason) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest("plugins.no-project", file=file, reason=error) from None
    project = read.get("project", {})
    return project if isinstance(project, dict) else {}


def _importer(value: str, root: Path) -> Callable[[], object]:
    module, _, attribute = value.partition(":")

    def load() -> object:
        path = str(root.resolve())
        if path not in sys.path:
            sys.path.insert(0, path)
        found: object = importlib.import_module(module.strip())
        for name in filter(None, attribute.strip().split(".")):
            found = getattr(found, name)
        return found

    return load
