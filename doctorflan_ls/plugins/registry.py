"""All that is there: what is built in, then what each plugin brings, by the packages' names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.models.base import Listed
    from doctorflan_ls.notes.facts.vocabulary import TermEntry
    from doctorflan_ls.notes.headings import SectionKind
    from doctorflan_ls.plugins.scratch import Contribution
    from doctorflan_ls.tasks.model import Task


class Owned(NamedTuple):
    """A model and the package that brings it, empty for what is built in."""

    package: str
    listed: Listed


class Registry:
    """Never changes. What is built in is read when it is first asked for."""

    def __init__(self, contributions: Sequence[Contribution] = ()) -> None:
        self.contributions = tuple(contributions)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Every task."""
        brought = (task for each in self.contributions for task in each.tasks)
        return (*_builtin_tasks(), *brought)

    @cached_property
    def models(self) -> tuple[Owned, ...]:
        """Every model but those that a user added."""
        brought = (
            Owned(each.package, listed) for each in self.contributions for listed in each.models
        )
        return (*(Owned("", listed) for listed in _builtin_models()), *brought)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The built-in checks, which run wherever a note is looked at."""
        return _builtin_checks()

    @cached_property
    def sections(self) -> tuple[SectionKind, ...]:
        """What plugins add to the section table; a heading that two bring is the first one's."""
        return tuple(kind for each in self.contributions for kind in each.sections)

    @cached_property
    def terms(self) -> tuple[TermEntry, ...]:
        """What plugins add to the term tables; a name that two bring is the first one's."""
        return tuple(entry for each in self.contributions for entry in each.terms)


# What is built in goes through what plugins go through, which is imported for the first of it: an
# editor has its outline before that.
@cache
def _builtin_tasks() -> tuple[Task, ...]:
    from doctorflan_ls.plugins import builtin  # noqa: PLC0415
    from doctorflan_ls.plugins.scratch import Scratch  # noqa: PLC0415

    scratch = Scratch("")
    builtin.register_tasks(scratch.register_task)
    return scratch.commit().tasks


@cache
def _builtin_models() -> tuple[Listed, ...]:
    from doctorflan_ls.plugins import builtin  # noqa: PLC0415
    from doctorflan_ls.plugins.scratch import Scratch  # noqa: PLC0415

    scratch = Scratch("")
    builtin.register_models(scratch.register_model)
    return scratch.commit().models


@cache
def _builtin_checks() -> tuple[Check, ...]:
    from doctorflan_ls.plugins import builtin  # noqa: PLC0415
    from doctorflan_ls.plugins.scratch import Scratch  # noqa: PLC0415

    scratch = Scratch("")
    builtin.register_checks(scratch.register_check)
    return scratch.commit().checks


@cache
def builtin_registry() -> Registry:
    """What is there without plugins."""
    return Registry()
