"""Sections and terms that would change how every note is read."""

from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind


def section(kind):
    return _plugin(register_sections=lambda register: register(kind))


def term(entry):
    return _plugin(register_terms=lambda register: register(entry))


def _plugin(**hooks):
    made = {name: staticmethod(hookimpl(hook)) for name, hook in hooks.items()}
    return type("Plugin", (), {"DOCTORFLAN_API": 1, **made})


heading = section(SectionKind("zoo", None, zh=("现病史",), en=()))
no_heading = section(SectionKind("zoo", None, zh=(), en=()))
within = section(SectionKind("zoo", None, zh=("动物园史",), en=(), within=("aviary",)))
letter = term(TermEntry("symptom", zh=("热",)))
cue = term(TermEntry("cue", zh=("患者",)))
unnamed = term(TermEntry("symptom"))
