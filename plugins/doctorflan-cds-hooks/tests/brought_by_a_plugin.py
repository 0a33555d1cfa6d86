"""A plugin of these tests: a model that never has done, a check, and an ear for events."""

from __future__ import annotations

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Chunk, Listed, ModelSpec
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

DOCTORFLAN_API = 1
SPEC = ModelSpec("slow", "1", "onnx")
RULE = Rule("said", "information", Bilingual("请核对", "please check"), Bilingual("测试", "test"))
HEARD = []


class Slow:
    spec = SPEC

    def generate(self, _prompt, _sampling, stop):
        while not stop.wait(0.05):
            yield Chunk(".")

    def close(self):
        pass


@hookimpl
def register_models(register):
    register(Listed(SPEC, lambda _options: Slow()))


@hookimpl
def register_checks(register):
    register(Check("said", (RULE,), lambda _scope: [Finding(RULE, Span(0, 4))]))


@hookimpl
def record_event(event):
    HEARD.append(event)
