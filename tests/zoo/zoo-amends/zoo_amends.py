"""Makes another request of the doctor's."""

from dataclasses import replace

from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span


def plugin(**hooks):
    """What an entry point names."""
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


def other_note(prompt):
    return replace(prompt, note=parse_note("主诉：头痛。"), span=Span(0, 3))


def other_task(task, prompt):
    named = "triage" if task.id != "triage" else "case-summary"
    return replace(prompt, task=replace(get_task(named), elements=task.elements))


def no_elements(task, prompt):
    return replace(prompt, task=replace(task, elements=task.elements[:1]))


def other_language(prompt):
    return replace(prompt, language="en" if prompt.language == "zh" else "zh")


def other_turn(prompt):
    return replace(prompt, turn="why?")


def long_instruction(prompt):
    return prompt.told("动物园" * 100_000)


note = plugin(amend_prompt=other_note)
task = plugin(amend_prompt=other_task)
elements = plugin(amend_prompt=no_elements)
language = plugin(amend_prompt=other_language)
turn = plugin(amend_prompt=other_turn)
instructions = plugin(amend_prompt=long_instruction)
