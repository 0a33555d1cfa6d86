"""Never comes back from a hook that is called while a doctor works."""

import threading

from doctorflan_ls.checks.model import Rule
from doctorflan_ls.checks.scope import Check
from doctorflan_ls.hookspecs import hookimpl
from doctorflan_ls.tasks.model import Bilingual


def sleep(*_):
    threading.Event().wait()


class DraftContext:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def draft_context():
        sleep()


class AmendPrompt:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def amend_prompt():
        sleep()


class CheckDraft:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def check_draft():
        sleep()


class RecordEvent:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def record_event():
        sleep()


class Checks:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_checks(register):
        both = Bilingual("动物园", "zoo")
        register(Check("sleeps", (Rule("sleeps", "warning", both, both),), sleep))
