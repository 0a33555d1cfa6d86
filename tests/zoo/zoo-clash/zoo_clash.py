"""Registers what there is already: of its own, and under the names of what is built in."""

from dataclasses import replace

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Listed, ModelSpec
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.tasks.registry import get_task

ZOO = Bilingual("动物园", "Zoo")
RULE = Rule("same", "error", ZOO, ZOO)
TASK = replace(
    get_task("case-summary"),
    origin="plugin",
    pinyin="zoo",
    category="Zoo",
    title=ZOO,
    # Of a document that no test opens: it stands behind the others in every list.
    sections=(),
    doc_types=("operation_record",),
)


class Twice:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_tasks(register):
        register(replace(TASK, id="zoo-twice"))
        register(replace(TASK, id="zoo-twice"))


class First:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_tasks(register):
        register(replace(TASK, id="zoo-same"))


class Second(First):
    """Registers the same task as the first."""


class Builtin:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_tasks(register):
        register(TASK)


class Silent:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_checks(register):
        register(Check("same", (RULE,), lambda scope: []))


class Loud:
    """Is left out, and its check with it."""

    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_checks(register):
        register(Check("same", (RULE,), lambda scope: [Finding(RULE, scope.span)]))


class Models:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_models(register):
        register(Listed(ModelSpec("skeleton", "99", "onnx"), lambda options: None))
