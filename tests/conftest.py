"""What is installed beside the project changes no test: plugins are loaded where a test says so."""

import pytest

from doctorflan_ls.notes.brought import read_with


@pytest.fixture(autouse=True)
def no_plugins(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "")
    yield
    read_with((), ())
