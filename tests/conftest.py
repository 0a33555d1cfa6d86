"""What is installed beside the project changes no test: plugins are loaded where a test says so."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from doctorflan_ls import hookspecs
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.plugins import Plugins
from doctorflan_ls.plugins.loading import Point
from tests.plugin_sources import QUICK


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory, monkeypatch):
    """No test writes to the audit trail of whoever runs it: not on Linux, macOS or Windows."""
    folder = str(tmp_path_factory.mktemp("state"))
    monkeypatch.setenv("XDG_STATE_HOME", folder)
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: Path(folder))
    return folder


@pytest.fixture(autouse=True)
def no_plugins(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "")
    yield
    read_with((), ())


@pytest.fixture
def point(tmp_path, monkeypatch):
    """Makes a module of a source and gives the point that names it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name: str, source: str, entry: str = "main") -> Point:
        module = f"plugin_under_test_{name.replace('-', '_')}_{entry}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        made.append(module)
        return Point(name, "1.0", entry, EntryPoint(entry, module, hookspecs.GROUP).load)

    yield make
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def plugins(point):
    """Loads plugins of sources by name, with short budgets."""

    def load(budgets=QUICK, selection=None, **sources: str) -> Plugins:
        points = [point(name.replace("_", "-"), source) for name, source in sorted(sources.items())]
        made = Plugins(selection, lambda: points, budgets)
        registry = made.load()
        read_with(registry.sections, registry.terms)
        return made

    return load
