"""Notes read with what the plugin brings, as a server that loaded it reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import doctorflan_tcm as plugin
import pytest

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.skeleton.compose import compose
from doctorflan_ls.notes.brought import read_with
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.loader import load_task
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def data() -> Callable[[str], list[dict[str, Any]]]:
    """Reads a JSONL file of the licensed notes; skips where they are absent."""
    named = os.environ.get("DOCTORFLAN_TEST_DATA")
    above = Path(__file__).resolve().parents
    folder = Path(named) if named else above[min(4, len(above) - 1)] / "shared" / "data"

    def rows(name: str) -> list[dict[str, Any]]:
        file = folder / name
        if not file.exists():
            pytest.skip(f"{name} is not beside this checkout")
        lines = file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    return rows


@pytest.fixture(scope="session", autouse=True)
def brought() -> Iterator[None]:
    """The plugin's sections and terms, read with until the tests end."""
    kinds: list[Any] = []
    entries: list[Any] = []
    plugin.register_sections(kinds.append)
    plugin.register_terms(entries.append)
    read_with(kinds, entries)
    yield
    read_with((), ())


@pytest.fixture(scope="session")
def example() -> str:
    """A note of our own: a fictitious patient."""
    return (HERE / "example-note.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def tasks() -> dict[str, Task]:
    folder = files("doctorflan_tcm").joinpath("tasks")
    read = [load_task(each.read_text("utf-8"), each.name) for each in folder.iterdir()]
    return {task.id: task for task in read}


@pytest.fixture(scope="session")
def checks() -> tuple[Check, ...]:
    registered: list[Check] = []
    plugin.register_checks(registered.append)
    return tuple(registered)


@pytest.fixture
def found(checks: tuple[Check, ...]) -> Callable[[str], list[Finding]]:
    """What the checks find in a note."""

    def find(text: str) -> list[Finding]:
        note = parse_note(text)
        return [each for check in checks for each in check.find(Scope(note))]

    return find


@pytest.fixture
def drafted(tasks: dict[str, Task]) -> Callable[[str, str, Locale], str]:
    """The skeleton's draft of a task for a whole note."""

    def draft(task: str, text: str, language: Locale = "zh") -> str:
        note = parse_note(text)
        prompt = Prompt(tasks[task], note, Span(0, len(note.text)), language)
        return "".join(chunk.text for chunk in compose(prompt))

    return draft
