"""Hands over something else in each hook."""

from doctorflan_ls.checks.model import Finding, Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.models.base import Listed, ModelSpec
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind
from doctorflan_ls.tasks.model import Bilingual

BOTH = Bilingual("动物园", "zoo")
RULE = Rule("zoo", "warning", BOTH, BOTH)


def plugin(**hooks):
    """What an entry point names."""
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


def bad_spec(register):
    register(Listed(ModelSpec("zoo", object(), "onnx", languages=None), lambda options: None))


def bad_section(register):
    register(SectionKind("zoo", None, zh="动物园病史", en=()))


def bad_term(register):
    register(TermEntry("diagnosis", zh=["动物园病"]))


def bad_rule(register):
    rule = Rule("zoo", "fatal", "动物园", "zoo")
    register(Check("zoo", (rule,), lambda scope: []))


def numbers(register):
    register(Check("numbers", (RULE,), lambda scope: [1, 2, 3]))


def nothing_to_loop_over(register):
    register(Check("seven", (RULE,), lambda scope: 7))


def unknown_rule(register):
    other = Rule("other", "warning", BOTH, BOTH)
    register(Check("other", (RULE,), lambda scope: [Finding(other, scope.span)]))


def bad_field(draft):
    rule = Rule("zoo", "warning", Bilingual("{n} 个", "{n} of them"), BOTH)
    return [Finding(rule, draft.statements[0].span, {"n": 7})]


def bad_place(draft):
    rule = Rule("zoo", "warning", Bilingual("{n.zoo[0]}", "{n.zoo[0]}"), BOTH)
    return [Finding(rule, draft.statements[0].span, {"n.zoo[0]": "7"})]


async def later():
    return []


def one_by_one():
    yield 7


register_tasks = plugin(register_tasks=lambda register: register({"id": "zoo"}))
register_models = plugin(register_models=lambda register: register("skeleton"))
register_sections = plugin(register_sections=lambda register: register(None))
register_checks = plugin(register_checks=lambda register: register(lambda scope: []))
register_terms = plugin(register_terms=lambda register: register("感冒"))
register_commands = plugin(register_commands=lambda cli: cli.add_command("zoo"))
draft_context = plugin(draft_context=lambda: 7)
amend_prompt = plugin(amend_prompt=lambda prompt: prompt.case())
check_draft = plugin(check_draft=lambda: {"zoo": 1})
spec = plugin(register_models=bad_spec)
section = plugin(register_sections=bad_section)
term = plugin(register_terms=bad_term)
rule = plugin(register_checks=bad_rule)
check = plugin(register_checks=numbers)
check_number = plugin(register_checks=nothing_to_loop_over)
check_rule = plugin(register_checks=unknown_rule)
field = plugin(check_draft=bad_field)
place = plugin(check_draft=bad_place)
coroutine = plugin(draft_context=later)
generator = plugin(check_draft=one_by_one)
