"""What one plugin registers, held apart until all of it is known to be good.

A plugin counts whole or not at all: half of one that was written as a whole may mislead. Ids get
the package's name before them when they are committed, so no plugin can take the place of a
built-in task or of another plugin's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TypeVar

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check, Scope
from doctorflan_ls.models.base import Listed, ModelSpec
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.plugins.calls import Refused
from doctorflan_ls.plugins.forms import (
    MOST_FINDINGS,
    Misformed,
    check_exact,
    check_id,
    check_rule,
    check_section,
    check_spec,
    check_term,
)
from doctorflan_ls.plugins.sections import Sections
from doctorflan_ls.plugins.trial import try_out
from doctorflan_ls.tasks.lines import line_of
from doctorflan_ls.tasks.loader import BadTaskFile, load_task, read_task
from doctorflan_ls.tasks.model import Task

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Contribution:
    """All that a package brings, its ids complete. ``package`` is empty for what is built in."""

    package: str = ""
    tasks: tuple[Task, ...] = ()
    models: tuple[Listed, ...] = ()
    sections: tuple[SectionKind, ...] = ()
    checks: tuple[Check, ...] = ()
    terms: tuple[TermEntry, ...] = ()


class Scratch:
    """The ``register`` functions of one plugin. Each raises PluginFailed for what it cannot take.

    The first such failure stands, also where the plugin catches it.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self.sealed = False
        self.failure: Refused | None = None
        self._tasks: dict[str, Task] = {}
        self._models: dict[str, Listed] = {}
        self._sections: dict[str, SectionKind] = {}
        self._checks: dict[str, Check] = {}
        self._terms: list[TermEntry] = []

    def register_task(self, task: Task) -> None:
        """Take a task that keeps to ``schemas/task.schema.json``."""
        self._formed("register_tasks", Task, task, check_exact)
        try:
            # Read as a file would be: whoever builds one in Python makes the same mistakes.
            read = self._whole(read_task(asdict(task), str(task.id)), str(task.id))
        except BadTaskFile as error:
            fields = {"task": task.id, "where": error.where, "why": error.why}
            failure = Refused("plugins.bad-task", plugin=self.package, **fields)
            raise self._fail(failure) from None
        self._add(self._tasks, read.id, read)

    def register_task_file(self, source: str, file: str) -> Task:
        """Take the task of a TOML text; raises BadTaskFile, with the line, as well."""
        task = load_task(source, file)
        try:
            whole = self._whole(task, file)
        except BadTaskFile as error:
            line = line_of(source, error.where)
            raise BadTaskFile(file, error.where, error.why, line) from None
        if task.id in self._tasks:
            why = f"{task.id} is the id of another task"
            raise BadTaskFile(file, "id", why, line_of(source, "id"))
        self._add(self._tasks, task.id, whole)
        return whole

    def register_model(self, listed: Listed) -> None:
        """Take a model that nothing of was loaded."""
        if type(listed) is not Listed and not _is_folder(listed):
            raise self._fail(self._not_a("register_models", "Listed", type(listed).__name__))
        if not callable(listed.load):
            raise self._fail(self._not_a("register_models", "Listed", "load is no function"))
        self._formed("register_models", ModelSpec, listed.spec, check_spec)
        self._add(self._models, listed.spec.id, listed)

    def register_section(self, kind: SectionKind) -> None:
        """Take a section, or more headings for a known one."""
        self._formed("register_sections", SectionKind, kind, check_section)
        self._add(self._sections, kind.id, kind)

    def register_check(self, check: Check) -> None:
        """Take a check with the rules it reports."""
        if type(check) is not Check or not callable(check.find):
            raise self._fail(self._not_a("register_checks", "Check", type(check).__name__))
        self._formed("register_checks", str, check.id, check_id)
        if type(check.rules) is not tuple or not check.rules:
            raise self._fail(self._not_a("register_checks", "Check", "it has no rules"))
        for rule in check.rules:
            self._formed("register_checks", Rule, rule, check_rule)
        self._add(self._checks, check.id, check)

    def register_term(self, entry: TermEntry) -> None:
        """Take a term."""
        self._formed("register_terms", TermEntry, entry, check_term)
        if not self.sealed:
            self._terms.append(entry)

    def commit(self) -> Contribution:
        """All of it with complete ids; raises PluginFailed where something cannot stand."""
        self.sealed = True
        if self.failure is not None:
            raise self.failure
        if not self.package:
            return Contribution(
                "",
                tuple(self._tasks.values()),
                tuple(self._models.values()),
                checks=tuple(self._checks.values()),
            )
        sections = Sections(self.package, self._sections)
        return Contribution(
            self.package,
            tuple(self._tasks.values()),
            tuple(self._named_model(each) for each in self._models.values()),
            sections.kinds(),
            tuple(self._named_check(each) for each in self._checks.values()),
            tuple(self._terms),
        )

    def _named_model(self, listed: Listed) -> Listed:
        return replace(listed, spec=replace(listed.spec, id=self._full(listed.spec.id)))

    def _named_check(self, check: Check) -> Check:
        rules = {rule.id: replace(rule, id=self._full(rule.id)) for rule in check.rules}

        def find(scope: Scope) -> list[Finding]:
            # One more than is taken, so that it is refused rather than cut.
            given = islice(check.find(scope), MOST_FINDINGS + 1)
            return [self._finding(found, rules, check.id) for found in given]

        return Check(self._full(check.id), tuple(rules.values()), find)

    def _finding(self, found: Finding, rules: dict[str, Rule], check: str) -> Finding:
        if type(found) is not Finding or type(found.rule) is not Rule:
            raise self._not_a("check", "Finding", "another type")
        if type(found.rule.id) is not str or found.rule.id not in rules:
            raise self._not_a("check", "Finding", f"not one of the rules of {check}")
        return replace(found, rule=rules[found.rule.id])

    def _full(self, name: str) -> str:
        return f"{self.package}/{name}"

    def _whole(self, task: Task, file: str) -> Task:
        """``task`` with complete ids, tried out; raises BadTaskFile."""
        if not self.package:
            return task
        if task.origin != "plugin":
            raise BadTaskFile(file, "origin", 'must be "plugin"')
        whole = Sections(self.package, self._sections).in_task(task, file)
        try_out(whole, file)
        return replace(whole, id=self._full(task.id))

    def _formed(
        self, hook: str, kind: type[_T], value: object, check: Callable[[_T], None]
    ) -> None:
        if type(value) is not kind:
            raise self._fail(self._not_a(hook, kind.__name__, type(value).__name__))
        try:
            check(value)
        except Misformed as error:
            raise self._fail(self._not_a(hook, kind.__name__, str(error))) from None

    def _add(self, to: dict[str, _T], name: str, value: _T) -> None:
        if self.sealed:
            return
        if name in to:
            raise self._fail(Refused("plugins.twice", plugin=self.package, name=name))
        to[name] = value

    def _not_a(self, hook: str, wanted: str, why: str) -> Refused:
        return Refused("plugins.not-a", plugin=self.package, hook=hook, wanted=wanted, why=why)

    def _fail(self, failure: Refused) -> Refused:
        self.failure = self.failure or failure
        return failure


def _is_folder(listed: object) -> bool:
    # Whoever has one has imported its module; what is built in needs none of it.
    from doctorflan_ls.models.folders.manifest import Manifest  # noqa: PLC0415
    from doctorflan_ls.models.folders.store import FolderModel  # noqa: PLC0415

    return type(listed) is FolderModel and type(listed.manifest) is Manifest
