"""Whether a plugin's checkout keeps to the contract: ``doctorflan-ls plugins check PATH``.

Everything it brings is used once, the way the server uses it, on example notes in both languages.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import ModelSpec
from doctorflan_ls.models.catalogue import DEFAULT_MODEL
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.plugins import Plugins
from doctorflan_ls.plugins.hooks import findings
from doctorflan_ls.plugins.loading import Plugin
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.testing.assertions import ungrounded
from doctorflan_ls.testing.drafting import draft
from doctorflan_ls.testing.models import QueueModel
from doctorflan_ls.testing.project import load_project

_EXAMPLES = ("zh-pneumonia", "en-soap-uti")
_LANGUAGES: tuple[Locale, ...] = ("zh", "en")
# A built-in task, for what is asked about every task.
_ANY_TASK = "case-summary"
# So many characters in a row are words of the note.
_QUOTE = 8
# Of its budget, what a call may take on the machine of whoever writes the plugin.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """What was looked at, and what is wrong with it: nothing where ``fault`` is empty."""

    name: str
    fault: str = ""


def check_project(
    folder: Path,
    notes: Sequence[Note] = (),
    locale: Locale = "en",
    commands: Callable[[Plugins], object] | None = None,
) -> Iterator[Result]:
    """Look at the plugin in ``folder``; ``notes`` are tried beside the example notes.

    ``commands`` asks for the plugins' commands, which only the command line can.

    Raises BadRequest where there is no plugin.
    """
    plugins = load_project(folder)
    yield from _loaded(plugins, locale)
    tried = (*(_example(name) for name in _EXAMPLES), *notes)
    printed = io.StringIO()
    with _overheard(printed):
        used = list(_used(plugins, tried))
        if commands is not None:
            commands(plugins)
    yield from used
    yield from _called(plugins, locale)
    yield _quiet(printed.getvalue(), tried)


def _loaded(plugins: Plugins, locale: Locale) -> Iterator[Result]:
    for plugin in plugins.plugins:
        fault = plugin.error.user_message(locale) if plugin.error is not None else ""
        allowed = BUDGETS["import"] * _SHARE
        if not fault and plugin.load_seconds > allowed:
            fault = f"loading took {plugin.load_seconds:.2f} s, more than {allowed:g} s"
        yield Result(f"load {plugin.name}", fault)
        for name in plugin.strange:
            yield Result(f"hook {name}", "this version has no such hook")


def _used(plugins: Plugins, notes: Sequence[Note]) -> Iterator[Result]:
    for plugin in plugins.plugins:
        for task in plugin.contribution.tasks:
            yield from _task(plugins, task, notes)
        for listed in plugin.contribution.models:
            yield from _model(plugins, listed.spec, plugin, notes)
        if plugin.contribution.checks:
            for note in notes:
                findings(plugins, note)
    for note in notes:
        yield Result(f"draft {_ANY_TASK} ({note.language})", _drafted(plugins, _ANY_TASK, note))


def _task(plugins: Plugins, task: Task, notes: Sequence[Note]) -> Iterator[Result]:
    for note in notes:
        yield Result(f"task {task.id} ({note.language})", _drafted(plugins, task.id, note))
    for note in notes:
        fault = _prompt_fault(plugins, task, note)
        yield Result(f"prompt {task.id} ({note.language})", fault)


def _prompt_fault(plugins: Plugins, task: Task, note: Note) -> str:
    """What is wrong with what a language model is asked."""
    model = QueueModel(["-"] * (len(task.elements) + 1))
    try:
        draft(plugins, task.id, note, model=model)
    except DoctorFlanError as error:
        return error.user_message("en")
    said = "\n".join(message.text for message in model.asked[-1])
    instruction = task.instruction.in_(note.language)
    return "" if instruction in said else "its instruction is not in the prompt"


def _model(
    plugins: Plugins, spec: ModelSpec, plugin: Plugin, notes: Sequence[Note]
) -> Iterator[Result]:
    own = [task.id for task in plugin.contribution.tasks]
    tasks = spec.tasks or (*own[:1], _ANY_TASK)
    for language in spec.languages:
        wanted = [note for note in notes if note.language == language]
        if not wanted:
            yield Result(f"model {spec.id}", f"no example note in {language}: give one with --note")
        for note in wanted:
            for task in tasks:
                fault = _drafted(plugins, task, note, spec.id)
                yield Result(f"model {spec.id}: {task} ({language})", fault)


def _drafted(plugins: Plugins, task: str, note: Note, model: str = DEFAULT_MODEL) -> str:
    """What is wrong with a draft: that there is none, or that it says what the note does not."""
    try:
        made = draft(plugins, task, note, model=model)
    except DoctorFlanError as error:
        return error.user_message("en")
    if not made.text.strip():
        return "the draft is empty"
    return "; ".join(ungrounded(made, note))


def _called(plugins: Plugins, locale: Locale) -> Iterator[Result]:
    for plugin in plugins.plugins:
        for hook in plugin.hooks:
            fault = "" if hook in plugin.caller.answered else "it did not come back from any call"
            yield Result(f"hook {hook}", fault)
        failure = plugin.caller.failure
        if failure is not None:
            yield Result(f"calls of {plugin.name}", failure.user_message(locale))


def _quiet(printed: str, notes: Sequence[Note]) -> Result:
    """No words of a note may be on the terminal or in a log."""
    words = {
        text[at : at + _QUOTE]
        for text in (str(note.text) for note in notes)
        for at in range(len(text) - _QUOTE)
        # A line's end and its neighbours may stand in any output.
        if "\n" not in text[at : at + _QUOTE]
    }
    shown = {printed[at : at + _QUOTE] for at in range(len(printed))}
    fault = "words of the note were printed or logged" if words & shown else ""
    return Result("no words of a note in output and logs", fault)


@contextmanager
def _overheard(printed: io.StringIO) -> Iterator[None]:
    handler = logging.StreamHandler(printed)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def _example(name: str) -> Note:
    path = files("doctorflan_ls").joinpath("examples", f"{name}.txt")
    return parse_note(path.read_text(encoding="utf-8"), f"file:///{name}.txt")
