"""What is built in, registered through the hooks that plugins have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from doctorflan_ls.hookspecs import API, hookimpl
from doctorflan_ls.models.base import Listed

if TYPE_CHECKING:
    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.models.base import Model
    from doctorflan_ls.tasks.model import Task

DOCTORFLAN_API = API


@hookimpl
def register_tasks(register: Callable[[Task], None]) -> None:
    """DoctorFLAN's 22."""
    from doctorflan_ls.tasks.registry import builtin_tasks  # noqa: PLC0415  (reads 22 files)

    for task in builtin_tasks():
        register(task)


@hookimpl
def register_models(register: Callable[[Listed], None]) -> None:
    """The skeleton."""
    register(Listed(_skeleton().spec, lambda _options: _skeleton()))


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    """The checks of ``checks/``."""
    from doctorflan_ls.checks.builtin import builtin_checks  # noqa: PLC0415  (reads the rules)

    for check in builtin_checks():
        register(check)


def _skeleton() -> Model:
    # Imported at the first job: the server's start does not pay for a model nobody asked yet.
    from doctorflan_ls.models.skeleton import SkeletonModel  # noqa: PLC0415

    return SkeletonModel()
