"""Fixtures for plugins, wherever doctorflan-ls is installed; cheap where nobody uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from doctorflan_ls.plugins import Plugins
    from doctorflan_ls.testing.models import QueueModel
    from doctorflan_ls.testing.server import RunningServer

for _name in ("assertions", "model_contract"):
    pytest.register_assert_rewrite(f"doctorflan_ls.testing.{_name}")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Let pytest rewrite the assertions of this folder alone.

    It marks every module of a package with a pytest plugin, and would parse all of the server again
    in each run. There is no public way to say so; where pytest changes, the runs are only slower.
    """
    hook = getattr(early_config.pluginmanager, "rewrite_hook", None)
    marked: set[str] = getattr(hook, "_must_rewrite", set())
    marked.discard("doctorflan_ls")


@pytest.fixture
def doctorflan_plugins(pytestconfig: pytest.Config) -> Iterator[Plugins]:
    """The plugins of the checkout that pytest runs in, loaded, and no others."""
    from doctorflan_ls.notes.brought import read_with  # noqa: PLC0415
    from doctorflan_ls.testing.project import load_project  # noqa: PLC0415

    yield load_project(pytestconfig.rootpath)
    read_with((), ())


@pytest.fixture
def doctorflan_model() -> QueueModel:
    """A language model that answers what is put in its queue."""
    from doctorflan_ls.testing.models import QueueModel  # noqa: PLC0415

    return QueueModel()


@pytest.fixture
def doctorflan_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A running server with every installed plugin and nobody's settings."""
    from doctorflan_ls.testing.server import RunningServer  # noqa: PLC0415

    monkeypatch.setenv("DOCTORFLAN_PLUGINS", "*")
    with RunningServer() as server:
        yield server
