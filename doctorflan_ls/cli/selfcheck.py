"""The checks of ``doctorflan-ls doctor``: each looks at one thing and says how to mend it."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Literal

from packaging.requirements import Requirement

from doctorflan_ls import __version__
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.incidents import report

DISTRIBUTION = "doctorflan-ls"
_OLDEST_PYTHON = (3, 11)
_EXTRAS = ("torch", "dataset", "export", "eval", "train", "fhir")


@dataclass(frozen=True, slots=True)
class Item:
    """What one check found. ``mend`` is a command, empty where nothing is to be done."""

    name: str
    state: Literal["ok", "optional", "broken"]
    detail: str
    mend: str = ""


def all_items(session: Session) -> Iterator[Item]:
    """Run every check; one that fails is itself an item."""
    locale = session.locale
    yield _python(locale)
    yield from packages(locale)
    yield _terminal(locale)
    yield from _settings(session)
    yield from _models(session)
    for name, check in (
        ("tasks", _tasks),
        ("draft", _draft),
        ("server", _server),
    ):
        try:
            yield Item(name, "ok", check(locale))
        except DoctorFlanError as error:
            yield Item(name, "broken", error.user_message(locale), _reinstall())
        except Exception as error:  # noqa: BLE001  (whatever is broken, the other checks still run)
            detail = message(
                "cli.doctor-failed", locale, kind=type(error).__name__, ref=report(error)
            )
            yield Item(name, "broken", detail, _reinstall())
    yield from _plugins(session)


def _python(locale: Locale) -> Item:
    detail = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info >= _OLDEST_PYTHON:
        return Item("python", "ok", f"{DISTRIBUTION} {__version__}, {detail}")
    return Item("python", "broken", detail, message("cli.doctor-python", locale))


def packages(locale: Locale, distribution: str = DISTRIBUTION) -> Iterator[Item]:
    """Each package that ``distribution`` names: is it there, in a version that fits?"""
    try:
        wanted = [Requirement(line) for line in metadata.requires(distribution) or ()]
    except metadata.PackageNotFoundError:
        yield Item(distribution, "optional", message("cli.doctor-uninstalled", locale), _pip("."))
        return
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement, "", locale)
            continue
        for extra in _EXTRAS:
            if requirement.marker.evaluate({"extra": extra}):
                yield _package(requirement, extra, locale)


def _package(requirement: Requirement, extra: str, locale: Locale) -> Item:
    mend = _pip(f"{requirement.name}{requirement.specifier}")
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        if extra:
            detail = message(f"cli.doctor-extra-{extra}", locale)
            return Item(
                requirement.name,
                "optional",
                detail,
                _pip(f"{requirement.name}{requirement.specifier}"),
            )
        detail = message("cli.doctor-missing", locale)
        return Item(requirement.name, "broken", detail, mend)
    if requirement.specifier.contains(version, prereleases=True):
        return Item(requirement.name, "ok", version)
    detail = message("cli.doctor-version", locale, version=version, wanted=requirement.specifier)
    return Item(requirement.name, "broken", detail, mend)


def _pip(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", *arguments])


def _reinstall() -> str:
    """The command that installs this program again from where it came."""
    try:
        origin = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return _pip(".")
    source = json.loads(origin)["url"] if origin else DISTRIBUTION
    return _pip("--force-reinstall", source)


def _terminal(locale: Locale) -> Item:
    encoding = (sys.stdout.encoding or "ascii").lower()
    if encoding.replace("-", "") == "utf8":
        return Item("terminal", "ok", encoding)
    detail = message("cli.doctor-terminal", locale, encoding=encoding)
    return Item("terminal", "optional", detail, "export PYTHONUTF8=1")


def _settings(session: Session) -> Iterator[Item]:
    for problem in session.resolved.problems:
        yield Item(
            "settings", "broken", problem.user_message(session.locale), "doctorflan-ls config"
        )
    if not session.resolved.problems:
        yield Item("settings", "ok", message("cli.doctor-settings", session.locale))


def _tasks(locale: Locale) -> str:
    from doctorflan_ls.tasks.registry import builtin_tasks  # noqa: PLC0415  (may be what is broken)

    assumed = sum(1 for task in builtin_tasks() if task.origin == "assumed")
    return message("cli.doctor-tasks", locale, count=len(builtin_tasks()), assumed=assumed)


def _models(session: Session) -> Iterator[Item]:
    """Every model that is listed, and each that is not with the reason."""
    from doctorflan_ls.models import choice  # noqa: PLC0415
    from doctorflan_ls.models.catalogue import survey  # noqa: PLC0415  (may be what is broken)

    try:
        found = survey(choice.options(session.resolved.settings), session.registry)
    except Exception as error:  # noqa: BLE001  (whatever is broken, the other checks still run)
        fields = {"kind": type(error).__name__, "ref": report(error)}
        detail = message("cli.doctor-failed", session.locale, **fields)
        yield Item("models", "broken", detail, _reinstall())
        return
    specs = [entry.listed.spec for entry in found.entries]
    yield Item("models", "ok", ", ".join(f"{spec.id} {spec.version}" for spec in specs))
    for problem in found.problems:
        mend = "" if problem.folder is None else f"{DISTRIBUTION} models check {problem.name}"
        yield Item(problem.name, "broken", problem.error.user_message(session.locale), mend)


def _draft(locale: Locale) -> str:
    from doctorflan_ls.cli.answering import make_drafts  # noqa: PLC0415
    from doctorflan_ls.cli.examples import examples  # noqa: PLC0415  (may be what is broken)
    from doctorflan_ls.cli.opened import Opened  # noqa: PLC0415
    from doctorflan_ls.notes.note import parse_note  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import builtin_tasks  # noqa: PLC0415

    name, text = next(iter(examples().items()))
    drafts = list(make_drafts(Opened(name, parse_note(text)), builtin_tasks(), "zh"))
    return message("cli.doctor-draft", locale, count=len(drafts), example=name)


def _server(_locale: Locale) -> str:
    import_module("doctorflan_ls.server.stdio")
    return "stdio, tcp, ws"


def _plugins(session: Session) -> Iterator[Item]:
    plugins, locale = session.plugins, session.locale
    loaded = [f"{each.name} {each.version}" for each in plugins.plugins if each.state == "loaded"]
    yield Item("plugins", "ok", ", ".join(loaded) or message("cli.doctor-no-plugins", locale))
    for problem in plugins.problems:
        detail = problem.error.user_message(locale)
        yield Item(problem.name, "broken", detail, f"{DISTRIBUTION} plugins list")
