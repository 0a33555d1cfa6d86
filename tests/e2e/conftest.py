"""No server of these tests reads the settings of whoever runs them."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_settings(no_plugins, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in tuple(os.environ):
        if name.startswith("DOCTORFLAN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "")
