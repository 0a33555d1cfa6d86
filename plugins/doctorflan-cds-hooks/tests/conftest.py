"""A real server on a real socket of this machine."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from doctorflan_cds_hooks.app import application
from doctorflan_cds_hooks.backend import Backend
from doctorflan_cds_hooks.guard import Access
from doctorflan_cds_hooks.journal import Journal
from doctorflan_cds_hooks.serving import bound, server
from samples import validator


@dataclass
class Served:
    """A running service, and what its journal has."""

    client: httpx.Client
    journal: Path

    def post(self, path: str, body: object, lang: str = "zh", **headers: str) -> httpx.Response:
        return self.client.post(path, json=body, headers={"Accept-Language": lang, **headers})

    def cards(self, service: str, body: object, lang: str = "zh") -> list[dict]:
        """The cards of a call that must succeed; both sides are held against the schemas."""
        validator("request").validate(body)
        answer = self.post(f"/cds-services/{service}", body, lang)
        assert answer.status_code == 200, answer.text
        validator("response").validate(answer.json())
        return answer.json()["cards"]

    def events(self) -> list[dict]:
        text = self.journal.read_text() if self.journal.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written into the data folder of whoever runs the tests, nor read from theirs."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CDS_HOOKS_JOURNAL", raising=False)
    monkeypatch.delenv("CDS_HOOKS_TOKEN", raising=False)


@contextmanager
def running(journal: Path, access: Access | None = None, **backend) -> Iterator[Served]:
    """A server on a thread, until the block is left."""
    made = Backend(**{"record": Journal(journal).append, **backend})
    listener = bound("127.0.0.1", 0)
    runner = server(application(made, access or Access()))
    thread = threading.Thread(target=lambda: runner.run(sockets=[listener]))
    thread.start()
    port = listener.getsockname()[1]
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False
        ) as client:
            yield Served(client, journal)
    finally:
        runner.should_exit = True
        thread.join(10)
        made.close()
        listener.close()
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running(tmp_path_factory.mktemp("served") / "events.jsonl") as found:
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers of other kinds; they end with the test."""
    with ExitStack() as stack:
        number = iter(range(9))

        def start(access: Access | None = None, **backend) -> Served:
            journal = tmp_path / f"events-{next(number)}.jsonl"
            return stack.enter_context(running(journal, access, **backend))

        yield start


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a process of its own."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "VIRTUAL_ENV") if name in os.environ
    }
    return {
        **kept,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "LANG": "en_GB.UTF-8",
        "PYTHONUTF8": "1",
    }
