"""Registers something good and does something bad: nothing of it may count."""

import threading
from contextlib import suppress

from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.notes.facts.vocabulary import TermEntry
from doctorflan_ls.notes.headings import SectionKind

GOOD = TermEntry("symptom", zh=("咳黄色黏痰",))
BAD = TermEntry("symptom", zh=("痰",))


class Raises:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_sections(register):
        register(SectionKind("zoo", None, zh=("胸部CT",), en=()))

    @staticmethod
    @hookimpl
    def register_terms(register):
        register(GOOD)
        raise LookupError


class GoesOn:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_terms(register):
        with suppress(Exception):
            register(BAD)
        register(GOOD)


class Later:
    """Registers when registering is over."""

    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_terms(register):
        threading.Timer(1.0, register, (GOOD,)).start()
