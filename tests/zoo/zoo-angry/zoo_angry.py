"""Hands over what looks right and raises when it is used, long after the hook came back."""

from dataclasses import dataclass, replace

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Listed, ModelSpec
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.prompts import ContextItem, Prompt
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span


def plugin(**hooks):
    """What an entry point names."""
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


def refuse(self, *_, **__):
    msg = "angry"
    raise RuntimeError(msg)


class AngryText(str):
    __slots__ = ()
    __str__ = __repr__ = __format__ = __add__ = __radd__ = refuse
    translate = lower = casefold = encode = split = splitlines = replace = partition = refuse


class AngryTruth:
    __bool__ = refuse


class AngryPrompt(Prompt):
    case = scope = digest = refuse


@dataclass(frozen=True)
class AngryFinding(Finding):
    message = authority = refuse


class AngryWords(Bilingual):
    in_ = refuse


class AngryList(list):
    __iter__ = __len__ = refuse


BOTH = Bilingual("动物园", "zoo")
ANGRY = AngryText("动物园病")
RULE = Rule("angry", "error", BOTH, BOTH)
SUMMARY = get_task("case-summary")


def angry_task(register):
    words = Bilingual(ANGRY, ANGRY)
    register(replace(SUMMARY, id="zoo", origin="plugin", pinyin="zoo", title=words))


def angry_section(register):
    register(SectionKind("zoo", ANGRY, ("动物园史",), (), weak=AngryTruth(), field=AngryTruth()))


def angry_model(register):
    register(Listed(ModelSpec("angry", ANGRY, ANGRY, licence=ANGRY), lambda options: None))


def angry_term(register):
    register(TermEntry("symptom", zh=(ANGRY,), code=ANGRY, system=ANGRY))


def angry_rule(register):
    said = Rule("angry", "error", AngryWords("动物园", "zoo"), Bilingual(ANGRY, ANGRY))
    register(Check("rule", (said,), lambda scope: [Finding(said, scope.span)]))


def angry_check(register):
    register(Check("finding", (RULE,), lambda scope: [AngryFinding(RULE, scope.span)]))


def angry_list(register):
    register(Check("list", (RULE,), lambda scope: AngryList([Finding(RULE, scope.span)])))


def angry_fields():
    rule = Rule("angry", "error", Bilingual("{n}", "{n}"), BOTH)
    return [Finding(rule, Span(0, 1), {"n": ANGRY})]


def angry_prompt(prompt):
    parts = (prompt.task, prompt.note, prompt.span, prompt.language, prompt.turn)
    return AngryPrompt(*parts, prompt.context, prompt.instructions)


task = plugin(register_tasks=angry_task)
section = plugin(register_sections=angry_section)
model = plugin(register_models=angry_model)
term = plugin(register_terms=angry_term)
rule = plugin(register_checks=angry_rule)
context = plugin(draft_context=lambda: [ContextItem(ANGRY, ANGRY, ANGRY)])
instruction = plugin(amend_prompt=lambda prompt: prompt.told(ANGRY))
prompt = plugin(amend_prompt=angry_prompt)
finding = plugin(register_checks=angry_check)
draft_finding = plugin(check_draft=lambda: [AngryFinding(RULE, Span(0, 1))])
fields = plugin(check_draft=angry_fields)
check_list = plugin(register_checks=angry_list)
